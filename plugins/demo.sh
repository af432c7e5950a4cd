#!/bin/sh
# The demo behind `make run`: a host on the embedded database with the example
# plug-ins deployed, and some requests to paste. Ctrl-C stops it.
set -eu
cd "$(dirname "$0")/.."

POSTERN=$PWD/bin/postern
LISTEN=${POSTERN_LISTEN:-127.0.0.1:8080}
POSTERN_DATA=${POSTERN_DATA:-$PWD/bin/demo}
POSTERN_SERVER=http://$LISTEN
export POSTERN_DATA POSTERN_SERVER
mkdir -p -m 700 "$POSTERN_DATA"

# The plug-in signup asks a service, which is another plug-in on this very host.
"$POSTERN" serve --listen "$LISTEN" --outbound-networks 127.0.0.1/32 --log-level warn >"$POSTERN_DATA/serve.out" &
HOST=$!
stop() {
	trap - INT TERM EXIT
	kill "$HOST" 2>/dev/null && wait "$HOST"
	exit "${1:-0}"
}
trap 'echo; stop' INT TERM
trap 'stop 1' EXIT

# The host prints where it listens once it serves.
until grep -q '^listening on ' "$POSTERN_DATA/serve.out" 2>/dev/null; do
	kill -0 "$HOST" 2>/dev/null || exit 1
	sleep 0.1
done

for project in hello inspect greet-form orders signup/reputation signup shout; do
	echo "deploying plugins/$project"
	"$POSTERN" deploy "plugins/$project" --json >/dev/null
done
# Something to order; what an earlier run left stays as it is.
"$POSTERN" objects import orders products - --format ndjson --on-conflict existing >/dev/null <<'EOF'
{"sku": "pen", "name": "Fountain pen", "price": 2900, "stock": 100}
EOF
# Where signup's service is, what it signs links with, and that it may ask.
echo "$POSTERN_SERVER/run/reputation" | "$POSTERN" variables set signup REPUTATION_URL >/dev/null
head -c 32 /dev/urandom | base64 | "$POSTERN" secrets set signup LINK_KEY >/dev/null
"$POSTERN" apps update signup --allow-host "$LISTEN" >/dev/null
# A key is shown once: a later run gives the one of an earlier run a new secret.
KEY=$("$POSTERN" keys rotate demo 2>/dev/null || "$POSTERN" keys create demo 2>/dev/null)

cat <<EOF

Organization key (kept in $POSTERN_DATA/admin.key):
  $(cat "$POSTERN_DATA/admin.key")
Key for endpoints:
  $KEY

Paste these in another terminal:

  curl '$POSTERN_SERVER/run/hello/hello/Ada?lang=fr'

  curl -X POST -H 'X-API-Key: $KEY' $POSTERN_SERVER/run/hello/hello/Ada

  curl -X POST $POSTERN_SERVER/run/hello/hello/Ada

That one is refused: it has no key. These place an order, and find it:

  curl -X POST -H 'X-API-Key: $KEY' -H 'Content-Type: application/json' -d '{"customer":"Ada","lines":[{"sku":"pen","quantity":2}]}' $POSTERN_SERVER/run/orders/orders

  curl '$POSTERN_SERVER/run/orders/orders?customer=ada&sort=-__created_at'

  curl $POSTERN_SERVER/run/orders/products

This one asks another service about the address before it stores anybody:

  curl -H 'Content-Type: application/json' -d '{"email":"ada@example.com","name":"Ada"}' $POSTERN_SERVER/run/signup/signup

Ctrl-C stops the host.
EOF
wait "$HOST" || true
