#!/bin/sh
# claimcheck for one machine: unpacks itself, runs, removes what it unpacked. Needs tar, and xz or python3; no network.
#   sh claimcheck-host.run                    the suites of suites/gpu
#   sh claimcheck-host.run suite suites/numa  other suites, and Vitest's options
#   sh claimcheck-host.run bench | discover | transfer ...
set -u
here=$(mktemp -d "${TMPDIR:-/tmp}/claimcheck-host.XXXXXX") || exit 1
trap 'rm -rf "$here"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
first=$(awk '/^__ARCHIVE__$/ { print NR + 1; exit }' "$0")
if command -v xz >/dev/null 2>&1; then
  tail -n "+$first" "$0" | xz -dc | tar -xf - -C "$here"
elif command -v python3 >/dev/null 2>&1; then
  tail -n "+$first" "$0" | python3 -c 'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode="r|xz").extractall(sys.argv[1])' "$here"
else
  echo "claimcheck: this machine has neither xz nor python3 to unpack with" >&2
  exit 1
fi || { echo "claimcheck: the archive could not be unpacked into $here" >&2; exit 1; }
sh "$here/claimcheck-host/launch.sh" "$@" &
run=$!
trap 'kill -INT $run; wait $run; exit 130' INT
trap 'kill -TERM $run; wait $run; exit 143' TERM HUP
wait $run
exit $?
__ARCHIVE__
