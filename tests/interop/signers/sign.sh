#!/usr/bin/env bash
# Signs and sends each request of standard input with curl and openssl, written from the public description alone
# (openapi-jointkit §C.1). A line: method, query, headers, body; names and values in hexadecimal, "-" for nothing.
set -euo pipefail
export LC_ALL=C
path=/api/mkp-openapi-public/global/v1/order/query

encoded() { # hexadecimal -> percent-encoded, all but the unreserved characters
  local hex=$1 out='' byte i
  for ((i = 0; i < ${#hex}; i += 2)); do
    printf -v byte '%b' "\\x${hex:i:2}"
    if [[ $byte == [A-Za-z0-9._~-] ]]; then out+=$byte; else out+=%${hex:i:2}; fi
  done
  printf '%s' "$out"
}

text() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }
sha256() { openssl dgst -sha256 -r | cut -d' ' -f1; }

while read -r method query headers body; do
  pairs=()
  if [ "$query" != - ]; then
    IFS='&' read -ra given <<<"$query"
    for pair in "${given[@]}"; do pairs+=("$(encoded "${pair%%=*}")=$(encoded "${pair#*=}")"); done
  fi
  wire=$(IFS='&'; printf '%s' "${pairs[*]}")
  # By name, then by value: "=" may not take part in the comparison.
  canonical=$(printf '%s\n' "${pairs[@]}" | sed 's/=/ /' | sort -t' ' -k1,1 -k2 | sed 's/ /=/' | paste -sd'&' -)

  date=$(date -u +%Y%m%dT%H%M%SZ)
  lines=("host:${MARKET#http://}" "x-sdk-date:$date")
  sent=(-H "X-Sdk-Date: $date")
  payload=''
  if [ "$headers" != - ]; then
    IFS='&' read -ra given <<<"$headers"
    for pair in "${given[@]}"; do
      name=$(text "${pair%%=*}") value=$(text "${pair#*=}")
      sent+=(-H "$name: $value")
      trimmed=$(sed 's/^ *//; s/ *$//' <<<"$value")
      lines+=("$(tr '[:upper:]' '[:lower:]' <<<"$name"):$trimmed")
      if [ "${name,,}" = x-sdk-content-sha256 ]; then payload=$value; fi
    done
  fi
  if [ "$body" != - ]; then sent+=(-H 'Content-Type: application/json' --data-binary "$(text "$body")"); fi
  if [ -z "$payload" ]; then
    payload=$(if [ "$body" != - ]; then text "$body"; fi | sha256)
  fi
  sorted=$(printf '%s\n' "${lines[@]}" | sort -t: -k1,1)
  signed=$(cut -d: -f1 <<<"$sorted" | paste -sd';' -)
  hash=$(printf '%s\n%s/\n%s\n%s\n\n%s\n%s' "$method" "$path" "$canonical" "$sorted" "$signed" "$payload" | sha256)
  signature=$(printf 'SDK-HMAC-SHA256\n%s\n%s' "$date" "$hash" | openssl dgst -sha256 -hmac "$SK" -r | cut -d' ' -f1)
  curl -sS -o - -w ' %{http_code}\n' -X "$method" "${sent[@]}" \
    -H "Authorization: SDK-HMAC-SHA256 Access=$AK, SignedHeaders=$signed, Signature=$signature" \
    "$MARKET$path${wire:+?$wire}"
done
