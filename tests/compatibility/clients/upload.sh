#!/bin/sh
# An upload client of curl and sed: tempUrl from the reply to the creation, run with {"config":{}},
# links that need no token.
set -eu

API="$BYTENITE_URL/v1"

# The value of a text field whose name occurs once.
field() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }

# Exactly 200, or what STATUS says, or the script ends.
call() {
  method=$1 path=$2
  shift 2
  status=$(curl -sS -m 30 -o reply.json -w '%{http_code}' -X "$method" "$API$path" \
    -H "Authorization: ${TOKEN:-}" "$@")
  if [ "$status" != "${STATUS:-200}" ]; then
    echo "$method $path: $status $(cat reply.json)" >&2
    exit 1
  fi
  cat reply.json
}

expect() {
  case $1 in
    *"$2"*) ;;
    *) echo "expected $2 in $1" >&2; exit 1 ;;
  esac
}

TOKEN=$(call POST /auth/access_token -d "{\"apiKey\":\"$BYTENITE_API_KEY\"}" | field token)
expect "$(cat reply.json)" '"expiresIn":"3600"'

# `tar .` puts ./ before every name.
push() {
  printf '{"%s":"%s"}' "$3" "$(tar -C "$COMPONENTS/$2" -cf - . | base64 -w 0)" >push.json
  expect "$(call POST "/dev/$1" --data-binary @push.json)" "\"name\":\"$2\""
  call POST "/dev/$1/$2@0.1/activate" -d '' >activated.json
}
push engines tally-split engineData
push apps tally data
push engines tally-join engineData

call POST /customer/jobs -H 'Content-Type: application/json' -d '{
  "name": "Upload", "app": "tally", "partitioner": "tally-split", "assembler": "tally-join",
  "dataSource": {"dataSourceDescriptor": "file", "params": {
    "@type": "type.googleapis.com/bytenite.data_source.LocalFileDataSource",
    "name": "", "url": "", "username": "", "password": ""}},
  "dataDestination": {"dataSourceDescriptor": "bucket", "params": null},
  "params": {"partitioner": {"lines_per_chunk": 2}, "app": {"minLength": 3, "some_label": "upload"}}
}' >created.json
JOB=$(sed -n 's/^{"job":{"id":"\([^"]*\)".*/\1/p' created.json)
UPLOAD=$(field tempUrl <created.json)
expect "$(cat created.json)" '"numUnitsEstimation":"0"'

expect "$(STATUS=400 call POST "/customer/jobs/$JOB/uploadcompleted" -d '')" '{"code":9,"message":"no file has been uploaded"'
curl -sS -m 30 -f -X PUT "$UPLOAD" -H 'Content-Disposition: attachment' --data-binary @source.txt >put.txt
expect "$(call PATCH "/customer/jobs/$JOB/uploadcompleted" -d '{}')" '"ok":true'
expect "$(call POST "/customer/jobs/$JOB/run" -d '{"config":{}}')" '"ok":true'

tries=0
until call GET "/customer/jobs/$JOB" | grep -q '"state":"JOB_STATE_COMPLETE"'; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ] || grep -q '"state":"JOB_STATE_FAILED"' reply.json; then
    cat reply.json >&2
    exit 1
  fi
  sleep 0.5
done

expect "$(call GET "/customer/jobs/$JOB/results")" '"name":"totals/words.json"'
LINK=$(field link <reply.json)
curl -sS -m 30 -f -D headers.txt -o words.json "$LINK"
expect "$(tr 'A-Z' 'a-z' <headers.txt)" 'content-disposition: attachment'
# Part of a file, as one that resumes a download asks for.
status=$(curl -sS -m 30 -r 0-0 -o part.txt -w '%{http_code}' "$LINK")
if [ "$status $(cat part.txt)" != '206 {' ]; then
  echo "a range answers $status $(cat part.txt)" >&2
  exit 1
fi
printf '{"jobId":"%s","files":{"totals/words.json":%s}}\n' "$JOB" "$(cat words.json)"
