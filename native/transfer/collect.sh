#!/bin/sh
# What a pod needs to run the transfer binary, and nothing else. Takes the binary, the folder of the unpacked NIXL wheel and an
# empty folder; fills it with bin/, nixl/ (the C API, its UCX plugin, UCX's transports and what these need) and lib/ (what they
# need of the system, without glibc). With --root, the folder becomes a whole root: glibc too, all under opt/claimcheck, and
# libibverbs' providers, without which the only RDMA NICs it can open are NVIDIA's. These come from Debian's package
# ibverbs-providers as it is installed here, or as it is unpacked in the folder that PROVIDERS names.
set -eu

root=
[ "$1" = --root ] && { root=yes; shift; }
binary=$1 nixl=$2 out=$3
home=$out${root:+/opt/claimcheck}
verbs_providers='bnxt_re efa erdma hns ionic irdma mana rxe'
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

# The two folders are those that the wheel's libibverbs looks into.
if [ -n "$root" ]; then
  from=${PROVIDERS:-}
  mkdir -p "$out/etc/libibverbs.d" "$out/usr/lib64/libibverbs"
  missing=
  for name in $verbs_providers; do
    file=$(find "$from"/usr/lib/*/libibverbs "$from"/usr/lib64/libibverbs -name "lib$name-rdmav34.so" 2> /dev/null | head -n 1)
    [ -n "$file" ] || { missing="$missing $name"; continue; }
    cp -L "$file" "$out/usr/lib64/libibverbs/"
    echo "driver $name" > "$out/etc/libibverbs.d/$name.driver"
  done
  [ -z "$missing" ] || echo "No libibverbs provider for:$missing. Their NICs cannot be used." >&2
  # UCX's transport for EFA is linked to its provider by this name.
  efa=usr/lib64/libibverbs/libefa-rdmav34.so
  [ ! -e "$out/$efa" ] || ln -s "/$efa" "$home/lib/libefa.so.1"
  copyright=$from/usr/share/doc/ibverbs-providers/copyright
  [ ! -e "$copyright" ] || { mkdir -p "$home/licenses"; cp "$copyright" "$home/licenses/rdma-core"; }
fi

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
  # Providers are linked to libibverbs by the name that it has everywhere but in the wheel. It must be the same file, since a
  # second copy would not know the devices of the first.
  for library in "$home"/nixl/nixl_cu12.libs/libibverbs-*.so.*; do
    ln -s "${library#"$out"}" "$out/lib/libibverbs.so.1"
  done
fi
