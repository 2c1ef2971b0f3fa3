#!/bin/sh
# An assembler: it runs once, after the app, and makes a job's output of the results of all tasks.
#
# $TASK_RESULTS_DIR holds the results: a file that one task alone wrote has its own name, of a name that several
# wrote each has its chunk's number in it. Whatever is written to $OUTPUT_DIR is delivered. Exit code 0 means
# success. What is printed goes to the job's logs.
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

directory TASK_RESULTS_DIR
directory OUTPUT_DIR writable
variable ASSEMBLER_PARAMS # JSON; `jq -r .name` reads it where the image has jq

# The names of the results (folders included), one on a line, to stdout: result_2.txt before result_10.txt.
read_result_files() {
  (cd "$TASK_RESULTS_DIR" && find . -type f | sed 's|^\./||' | sort -V)
}

# save_output_file NAME: adds a file with what comes on stdin; its name may have folders in it.
save_output_file() {
  mkdir -p "$(dirname "$OUTPUT_DIR/$1")"
  cat >"$OUTPUT_DIR/$1"
}

echo "parameters $ASSEMBLER_PARAMS"
read_result_files | while IFS= read -r name; do
  # Your merging goes here. This delivers each result as it is.
  save_output_file "$name" <"$TASK_RESULTS_DIR/$name"
done
