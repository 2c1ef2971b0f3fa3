#!/bin/sh
# Adds up the counts of all chunks: one table per kind, the most frequent first, and report.txt to be read.
set -eu

: "${TASK_RESULTS_DIR:?is not set; the platform sets it}" "${OUTPUT_DIR:?is not set; the platform sets it}"

top=$(printf '%s' "$ASSEMBLER_PARAMS" | sed -n 's/.*"top"[: ]*\([0-9][0-9]*\).*/\1/p')
top=${top:-10}
tab=$(printf '\t')

find "$TASK_RESULTS_DIR" -name '*.tsv' -exec cat {} + |
  LC_ALL=C awk -F '\t' -v OFS='\t' '
    { sum[$1 FS $2] += $3 }
    END { for (key in sum) { split(key, part, FS); printf "%s\t%s\t%d\n", part[1], part[2], sum[key] } }
  ' | LC_ALL=C sort -t "$tab" -k1,1 -k3,3nr -k2,2 > "$OUTPUT_DIR/all.tsv"

for kind in status path hour failed; do
  awk -F '\t' -v OFS='\t' -v kind="$kind" '$1 == kind { print $3, $2 }' "$OUTPUT_DIR/all.tsv" > "$OUTPUT_DIR/$kind.tsv"
done

{
  awk -F '\t' '$1 == "status" { n += $3 } $1 == "bytes" { b = $3 } $1 == "unreadable" { u = $3 }
    END { printf "%d requests, %d bytes sent, %d unreadable lines\n", n, b, u }' "$OUTPUT_DIR/all.tsv"
  for kind in status path failed; do
    printf '\n%s\n' "$kind"
    head -n "$top" "$OUTPUT_DIR/$kind.tsv" | awk -F '\t' '{ printf "%10d  %s\n", $1, $2 }'
  done
} > "$OUTPUT_DIR/report.txt"
rm "$OUTPUT_DIR/all.tsv"
head -n 1 "$OUTPUT_DIR/report.txt"
