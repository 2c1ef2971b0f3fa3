#!/bin/sh
# Counts the requests of one chunk of an access log (the combined format of Apache and nginx) by status,
# path and hour. Writes counts.tsv to TASK_RESULTS_DIR: what, which, how many.
set -eu

: "${TASK_DIR:?is not set; the platform sets it}" "${TASK_RESULTS_DIR:?is not set; the platform sets it}"

LC_ALL=C awk -F '"' '
  # host - user [02/Feb/2026:09:14:20 +0000] "GET /path?query HTTP/1.1" 200 512 "referrer" "agent"
  {
    split($1, before, "[:[]")
    split($2, request, " ")
    split($3, after, " ")
    if (after[1] !~ /^[1-5][0-9][0-9]$/ || request[2] == "") { count["unreadable\tlines"]++; next }
    sub(/[?#].*/, "", request[2])
    count["status\t" after[1]]++
    count["path\t" request[2]]++
    count["hour\t" before[3]]++
    if (after[1] >= 500) count["failed\t" request[2]]++
    count["bytes\tsent"] += after[2]
  }
  END { for (key in count) printf "%s\t%d\n", key, count[key] }
' "$TASK_DIR/data.bin" > "$TASK_RESULTS_DIR/counts.tsv"

echo "$(wc -l < "$TASK_DIR/data.bin") lines counted"
