#!/bin/sh
# Tries Kiln on a machine with an NVIDIA GPU: starts a farm on it, joins it,
# prints what it has, checks its health with a small CUDA program, lets ncu read a
# counter, and runs jobs on the GPU: a test; a memory-bound and a compute-bound
# kernel of a release, of the same again and of one with 10 % more work; and a
# profile of both where ncu may read counters. Changes no setting of the GPU,
# needs no network, and leaves nothing behind. It takes about five minutes.
#
# In a checkout:  test/gpu/run.sh            (Node 24 and nats-server on the PATH,
#                                             or KILN_NODE and KILN_NATS_SERVER)
# Elsewhere:      node tools/gpu-pack.ts DIR, carry DIR there, and DIR/run.sh
#
# Exit status: 0 passed, 1 something failed, 3 there is no GPU or no way to run.
set -eu

fail() {
  printf 'COULD NOT RUN: %s\n' "$1" >&2
  exit 3
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
folder=$(mktemp -d "${TMPDIR:-/tmp}/kiln-gpu-XXXXXX") || fail 'no temporary folder can be made'
# The program below ends its own processes; it is waited for, so that this comes last.
trap 'rm -rf -- "$folder"' EXIT
trap 'exit 3' HUP INT TERM

if [ -f "$here/coordinator/src/main.mjs" ]; then
  # Packed by tools/gpu-pack.ts.
  for tool in node nats-server; do
    gzip -dc "$here/bin/$tool.gz" >"$folder/$tool" || fail "$here/bin/$tool.gz cannot be unpacked"
    chmod 755 "$folder/$tool"
  done
  node=$folder/node
  KILN_NATS_SERVER=$folder/nats-server
  KILN_GPU_PROGRAMS=$(printf '{"coordinator":"%s/coordinator/src/main.mjs","agent":"%s/kiln-agent.mjs"}' "$here" "$here")
  main=$here/test/src/gpu/main.mjs
  export KILN_GPU_PROGRAMS
else
  node=${KILN_NODE:-$(command -v node || :)}
  [ -n "$node" ] || fail 'there is no node on the PATH: install Node 24, or name one with KILN_NODE'
  KILN_NATS_SERVER=${KILN_NATS_SERVER:-$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nats-server || :)}
  [ -n "$KILN_NATS_SERVER" ] || fail 'there is no nats-server on the PATH: install it, or name one with KILN_NATS_SERVER'
  main=$here/../src/gpu/main.ts
  [ -f "$main" ] || fail "$main is not there: run this in a checkout, or as tools/gpu-pack.ts packed it"
fi
export KILN_NATS_SERVER

version=$("$node" --version 2>/dev/null) || fail "$node does not run on this machine"
case $version in
  v24.*) ;;
  *) fail "$node is $version: Kiln runs on Node 24" ;;
esac

printf 'Kiln on %s, Node %s, %s\n\n' "$(uname -srm)" "$version" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
# Settings of an agent or a farm that lives here are not for this one.
unset KILN_AGENT_DIR KILN_HOME KILN_FARM_URL KILN_JOIN_TOKEN KILN_EXECUTOR KILN_SLOTS 2>/dev/null || :
KILN_GPU_FOLDER=$folder
export KILN_GPU_FOLDER
status=0
"$node" "$main" || status=$?
case $status in
  0 | 1 | 3) ;;
  *) printf 'COULD NOT RUN: it ended with status %s\n' "$status" >&2 ;;
esac
exit "$status"
