#!/bin/sh
# Splits every file of SOURCE_DIR into chunks of whole lines: data_0.bin, data_1.bin, ... in CHUNKS_DIR.
# Each of them becomes a task.
set -eu

: "${SOURCE_DIR:?is not set; the platform sets it}" "${CHUNKS_DIR:?is not set; the platform sets it}"

# A whole number out of the JSON of the parameters.
lines=$(printf '%s' "$PARTITIONER_PARAMS" | sed -n 's/.*"lines_per_chunk"[: ]*\([0-9][0-9]*\).*/\1/p')
lines=${lines:-50000}

find "$SOURCE_DIR" -type f | sort | while IFS= read -r file; do cat "$file"; done |
  awk -v lines="$lines" -v dir="$CHUNKS_DIR" '
    (NR - 1) % lines == 0 { close(chunk); chunk = dir "/data_" n++ ".bin" }
    { print > chunk }
    END { if (n == 0) { print "the source has no lines" > "/dev/stderr"; exit 1 }
          print n " chunks of up to " lines " lines" }'
