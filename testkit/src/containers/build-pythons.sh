#!/bin/sh
# Makes CPythons of several Debian releases run on one: compiles Debian's own
# sources, whose digests apt checks against its signed indexes, into folders that
# are named as in manylinux images and can be moved.
#
#   build-pythons.sh MIRROR RELEASE=SERIES...     "bullseye=3.9 bookworm=3.11"
#
# Runs as root in the oldest of these releases, with a compiler and patchelf.
set -eu

WORK=/tmp/pythons
PREFIX=/opt/python
# What the modules link that is not the same in every release.
LIBRARIES="libcrypto libssl libffi libsqlite3 libz"

compile() {
  series=$1
  tag=cp$(echo "$series" | tr -d .)
  source=$WORK/$tag
  mkdir "$source"
  tar -C "$source" --strip-components=1 -xf "$WORK/python${series}_"*.orig.tar.[gx]z
  cd "$source"
  # A third of the time is theirs.
  rm -rf Lib/test Lib/idlelib Lib/lib2to3/tests Lib/distutils/tests Lib/unittest/test Lib/ctypes/test Lib/sqlite3/test
  OPT="-DNDEBUG" CFLAGS="-O1" ./configure -q --prefix="$PREFIX/$tag-$tag" --disable-test-modules
  make -j2
  make install ENSUREPIP=no
}

# Modules find the libraries of the release they were compiled in beside them, wherever the folders are moved to.
make_movable() {
  mkdir -p "$PREFIX/lib"
  for name in $LIBRARIES; do
    path=$(ldconfig -p | awk -v name="$name.so." 'index($1, name) == 1 { print $NF; exit }')
    cp -L "$path" "$PREFIX/lib/"
    # shellcheck disable=SC2016
    patchelf --set-rpath '$ORIGIN' "$PREFIX/lib/${path##*/}"
  done
  for module in "$PREFIX"/cp*/lib/python3*/lib-dynload/*.so; do
    for library in $(patchelf --print-needed "$module"); do
      [ -e "$PREFIX/lib/$library" ] || continue
      # shellcheck disable=SC2016
      patchelf --set-rpath '$ORIGIN/../../../../lib' "$module"
      break
    done
  done
}

if [ "$1" = compile ]; then
  compile "$2" >"$WORK/$2.log" 2>&1 || {
    tail -n 20 "$WORK/$2.log"
    exit 1
  }
  exit 0
fi

mirror=$1
shift
mkdir "$WORK"
cd "$WORK"
# What is downloaded is readable by apt's own user.
chmod 777 "$WORK"
series=
packages=
for pair; do
  echo "deb-src $mirror ${pair%%=*} main"
  series="$series ${pair#*=}"
  packages="$packages python${pair#*=}"
done >/etc/apt/sources.list.d/pythons.list
apt-get update -qq
# shellcheck disable=SC2086
apt-get source -qq --download-only $packages
# shellcheck disable=SC2086
printf '%s\n' $series | xargs -n 1 -P "$(nproc)" sh "$0" compile
make_movable
find "$PREFIX" -name '*.opt-[12].pyc' -delete
find "$PREFIX" -name '*.a' -delete
rm -rf "$WORK" /etc/apt/sources.list.d/pythons.list
