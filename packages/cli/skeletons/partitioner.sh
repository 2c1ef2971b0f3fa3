#!/bin/sh
# A partitioner: it runs once, before the app, and cuts a job's input into chunks.
#
# $SOURCE_DIR holds the input files; each file that is written to $CHUNKS_DIR becomes one task of the app. Exit
# code 0 means success. What is printed goes to the job's logs.
set -eu

stop() {
  echo "$1" >&2
  exit 1
}

# variable NAME: its value must be there.
variable() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || stop "$1 is not set; the platform sets it for each task"
}

# directory NAME [writable]
directory() {
  variable "$1"
  [ -d "$value" ] || stop "$1 is '$value', which is not a directory"
  [ "${2:-}" != writable ] || [ -w "$value" ] || stop "$1 is '$value', which is not writable"
}

directory SOURCE_DIR
directory CHUNKS_DIR writable
variable PARTITIONER_PARAMS # JSON; `jq -r .name` reads it where the image has jq

# The names of the input files (folders included), one on a line, to stdout.
read_source_files() {
  (cd "$SOURCE_DIR" && find . -type f | sed 's|^\./||' | LC_ALL=C sort)
}

next_chunk=0

# Saves what comes on stdin as the next free data_<i>.bin.
save_chunk() {
  while [ -e "$CHUNKS_DIR/data_$next_chunk.bin" ]; do next_chunk=$((next_chunk + 1)); done
  cat >"$CHUNKS_DIR/data_$next_chunk.bin"
}

echo "parameters $PARTITIONER_PARAMS"
read_source_files | while IFS= read -r name; do
  # Your cutting goes here. This makes each file one chunk.
  save_chunk <"$SOURCE_DIR/$name"
  echo "$name is chunk $next_chunk"
done
