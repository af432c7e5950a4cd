#!/bin/sh
# Builds every guest of this directory from its text: NAME.wat -> NAME.wasm.
# With --check it builds elsewhere and fails if a committed .wasm differs, is
# missing, or has no source. Needs wat2wasm (Debian: wabt).
set -eu
cd "$(dirname "$0")"
out=.
if [ "${1:-}" = --check ]; then
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
	mkdir "$out/ok" "$out/error"
fi
for wat in ok/*.wat error/*.wat; do
	wat2wasm "$wat" -o "$out/${wat%.wat}.wasm"
done
[ "$out" != . ] || exit 0
status=0
for wasm in ok/*.wasm error/*.wasm; do
	if ! [ -f "${wasm%.wasm}.wat" ]; then
		echo "$wasm: no .wat beside it" >&2
		status=1
	fi
done
for wat in ok/*.wat error/*.wat; do
	wasm=${wat%.wat}.wasm
	if ! cmp "$wasm" "$out/$wasm" >&2; then
		echo "$wasm: not what build.sh makes of $wat" >&2
		status=1
	fi
done
exit $status
