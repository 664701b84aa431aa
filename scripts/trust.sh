# Sourced: uv and npm then trust the authorities that this machine trusts, as its git and pip do. Each brings a list of its
# own, with which nothing can be fetched where a company's proxy signs what passes. What is set already stays.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS-true}"
if [ -z "${NODE_EXTRA_CA_CERTS-}" ]; then
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -r "$bundle" ]; then export NODE_EXTRA_CA_CERTS="$bundle"; break; fi
  done
fi
