#!/bin/sh
# Runs what lies around it with the Node that came along. Reports go to ./reports of where it was called.
set -u
home=$(cd "$(dirname "$0")" && pwd)
node="$home/bundled/node"
export CLAIMCHECK_TARGET="${CLAIMCHECK_TARGET:-host}" CLAIMCHECK_REPORT_DIR="${CLAIMCHECK_REPORT_DIR:-$PWD/reports}"
"$node" --version >/dev/null 2>&1 || { echo "claimcheck: the Node that came along does not start here:" >&2; "$node" --version; exit 1; }
what=${1:-suite}
[ $# -gt 0 ] && shift
case "$what" in
  suite)
    [ $# -gt 0 ] || set -- suites/gpu
    cd "$home" && exec "$node" node_modules/vitest/vitest.mjs run "$@"
    ;;
  bench) exec "$node" "$home/bench/gpu.ts" "$@" ;;
  discover) exec "$node" "$home/bin/claimcheck.js" discover --target host "$@" ;;
  transfer)
    export NIXL_CAPI_LIB="$home/bundled/nixl/.nixl_cu12.mesonpy.libs/libnixl_capi.so"
    exec "$home/bundled/bin/claimcheck-transfer" "$@"
    ;;
  *) exec "$node" "$home/bin/claimcheck.js" "$what" "$@" ;;
esac
