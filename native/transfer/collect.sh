#!/bin/sh
# Collects the files that a pod needs to run the transfer binary: collect.sh [--root] BINARY NIXL_FOLDER OUT_FOLDER
# Fills the empty OUT_FOLDER with bin/, nixl/ (NIXL's C API, its UCX plugin and UCX's transports, with their libraries from
# the wheel) and lib/ (system libraries except glibc). With --root, the result is a complete root file system that includes
# glibc and has these folders under opt/claimcheck. It also has libibverbs' providers, without which only NVIDIA's RDMA NICs
# can be opened. They are copied from Debian's package ibverbs-providers as it is installed here, or as it is unpacked in
# the folder PROVIDERS.
# With LIBFABRIC, a folder that has libfabric.so.1 and libhwloc.so.15, NIXL's LIBFABRIC backend is included, for EFA.
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

# The libraries of LIBFABRIC are found by the same names in the image.
libfabric=${LIBFABRIC:-}
if [ -n "$libfabric" ] && [ -n "$(ls "$libfabric")" ]; then
  plugin=$nixl/.nixl_cu12.mesonpy.libs/plugins/libplugin_LIBFABRIC.so
  export LD_LIBRARY_PATH="$libfabric${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  # Only nodes with a GPU have libcuda.so.1.
  missing=$(ldd "$plugin" 2>&1 | sed -n '/libcuda\.so\.1/d; s/^[[:space:]]*//; /not found/p')
  [ -z "$missing" ] || { printf 'NIXL'"'"'s LIBFABRIC backend cannot be loaded with the libraries of %s:\n%s\n' "$libfabric" "$missing" >&2; exit 1; }
  start="$start $plugin"
  for licence in "$libfabric"/COPYING* "$libfabric"/LICENSE*; do
    [ ! -e "$licence" ] || { mkdir -p "$home/licenses/libfabric"; cp -L "$licence" "$home/licenses/libfabric/"; }
  done
elif [ -n "$root" ]; then
  echo "No libfabric: NIXL's LIBFABRIC backend cannot be used." >&2
fi

# A UCX module may need libraries that only a node with a GPU has. UCX then runs without that module.
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
    # Debian's, which the wheel's library and its provider stand for below.
    */libibverbs.so.1 | */libefa.so.1) ;;
    # The driver's, which each node has in its own version.
    */libcuda.so.1) ;;
    *)
      case " $own " in
        *" $name "*) [ -z "$root" ] || { mkdir -p "$out/lib"; cp -L "$path" "$out/lib/"; } ;;
        *) cp -L "$path" "$home/lib/" ;;
      esac ;;
  esac
done

# Without this library UCX treats GPU memory as host memory. No driver installs it, and no file is linked to it.
cuda=nixl_cu12.libs/libcudart.so.12
[ ! -e "$nixl/$cuda" ] || cp -L "$nixl/$cuda" "$home/nixl/$cuda"

# The wheel's libibverbs searches these two folders.
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

# What each Debian package is and its licence, in the folder where scanners look in images without dpkg, as in distroless images.
if [ -n "$root" ] && command -v dpkg-query > /dev/null; then
  mkdir -p "$out/var/lib/dpkg/status.d" "$home/licenses/debian"
  for path in $needed $(find /usr/lib/*/libibverbs -name '*-rdmav34.so' 2> /dev/null); do
    case $path in */libibverbs.so.1) continue ;; esac
    # A library may belong to its package by the path that it had before /lib was a link to /usr/lib.
    real=$(readlink -f "$path")
    dpkg-query --search "$real" "${real#/usr}" 2> /dev/null | sed 's/[:,].*//'
  done | sort -u | while read -r package; do
    dpkg-query --status "$package" > "$out/var/lib/dpkg/status.d/$package"
    licence=/usr/share/doc/$package/copyright
    [ ! -e "$licence" ] || cp -L "$licence" "$home/licenses/debian/$package"
  done
fi

# Debug information is half of the size and is not used at run time.
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
