#!/bin/sh
# What a pod needs to run the transfer binary, and nothing else. Takes the binary, the folder of the unpacked NIXL wheel and an
# empty folder; fills it with bin/, nixl/ (the C API, its UCX plugin, UCX's transports and what these need) and lib/ (what they
# need of the system, without glibc). With --root, the folder becomes a whole root: glibc too, and all under opt/claimcheck.
set -eu

root=
[ "$1" = --root ] && { root=yes; shift; }
binary=$1 nixl=$2 out=$3
home=$out${root:+/opt/claimcheck}
own='libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libresolv.so.2'

mkdir -p "$home/bin" "$home/lib" "$home/nixl"
cp "$binary" "$home/bin/claimcheck-transfer"

nixl=$(cd "$nixl" && pwd)
start="$nixl/.nixl_cu12.mesonpy.libs/libnixl_capi.so $nixl/.nixl_cu12.mesonpy.libs/plugins/libplugin_UCX.so"
for module in "$nixl"/nixl_cu12.libs/ucx/libuc[tm]_*.so*; do start="$start $module"; done

# A module of UCX may need what only a node with a GPU has; then UCX does without that module.
needed=$(for file in $binary $start; do
  echo "$file"
  ldd "$file" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p'
done | while read -r path; do
  echo "$(cd "$(dirname "$path")" && pwd)/$(basename "$path")"
done | sort -u)

for path in $needed; do
  name=$(basename "$path")
  case $path in
    "$nixl"/*)
      to=$home/nixl/${path#"$nixl"/}
      mkdir -p "$(dirname "$to")"
      cp -L "$path" "$to" ;;
    */claimcheck-transfer) ;;
    *)
      case " $own " in
        *" $name "*) [ -z "$root" ] || { mkdir -p "$out/lib"; cp -L "$path" "$out/lib/"; } ;;
        *) cp -L "$path" "$home/lib/" ;;
      esac ;;
  esac
done

# UCX takes GPU memory for host memory without it; no driver brings it, and nothing is linked to it.
cuda=nixl_cu12.libs/libcudart.so.12
[ ! -e "$nixl/$cuda" ] || cp -L "$nixl/$cuda" "$home/nixl/$cuda"

# Debug information is half of it and nothing at run time.
if command -v strip > /dev/null; then
  find "$home" -name '*.so*' -type f -exec strip --strip-unneeded {} + 2> /dev/null || true
fi

if [ -n "$root" ]; then
  loader=$(ldd "$binary" | sed -n 's/^[[:space:]]*\(\/lib[^ ]*ld-linux[^ ]*\) .*/\1/p')
  mkdir -p "$out$(dirname "$loader")" "$out/etc" "$out/tmp"
  cp -L "$loader" "$out$loader"
  chmod 1777 "$out/tmp"
  # The loader looks here without any configuration or environment.
  printf '/opt/claimcheck/lib\n/lib\n' > "$out/etc/ld.so.conf"
  ldconfig -r "$out"
fi
