#!/bin/sh
# An app: it runs once for each chunk of a job's input.
#
# $TASK_DIR/data.bin is the chunk; whatever is written to $TASK_RESULTS_DIR is its result. Exit code 0 means
# that the chunk is done; anything else, and the platform tries again. What is printed goes to the job's logs.
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

directory TASK_DIR writable
directory TASK_RESULTS_DIR writable
variable APP_PARAMS # JSON; `jq -r .name` reads it where the image has jq

# The chunk of this task, to stdout.
read_chunk() {
  cat "$TASK_DIR/data.bin"
}

# write_task_result NAME: adds a file with what comes on stdin; its name may have folders in it.
write_task_result() {
  mkdir -p "$(dirname "$TASK_RESULTS_DIR/$1")"
  cat >"$TASK_RESULTS_DIR/$1"
}

echo "$(read_chunk | wc -c) bytes, parameters $APP_PARAMS"
# Your work goes here. This passes the chunk on as it is.
read_chunk | write_task_result result.bin
