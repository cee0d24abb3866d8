#!/bin/sh
# Starts nginx: with the certificate in /etc/textmill/tls, or one that it signs itself, and with the container's own DNS, so
# that a part that is started again is found under its new address.
set -eu
tls=/etc/textmill/tls
if [ ! -s "$tls/tls.crt" ] || [ ! -s "$tls/tls.key" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 397 -subj "/CN=$TEXTMILL_HOST" \
    -addext "subjectAltName=DNS:$TEXTMILL_HOST,DNS:localhost,IP:127.0.0.1" -keyout "$tls/tls.key" -out "$tls/tls.new"
  mv "$tls/tls.new" "$tls/tls.crt"
fi
resolver=$(sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1)
case $resolver in *:*) resolver="[$resolver]" ;; esac
sed "s/@RESOLVER@/$resolver/" /etc/textmill/nginx.conf >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -e /dev/stderr
