"""Counts the words of a file with the word-count example: python3 count_words.py FILE [MIN_LENGTH]"""

import json
import sys

import bytenite

file = sys.argv[1] if len(sys.argv) > 1 else "book.txt"
min_length = int(sys.argv[2]) if len(sys.argv) > 2 else 4

client = bytenite.Client()
try:
    done = client.run_and_wait(
        template="word-count",
        params={"app": {"min_length": min_length}},
        input=file,
        on_update=lambda job: print(job["state"], file=sys.stderr),
    )
except bytenite.JobFailed as failure:
    sys.exit(str(failure))

client.download_results(done.job["id"], "results")
with open("results/words.json", encoding="utf-8") as words:
    for entry in json.load(words)[:10]:
        print("%d\t%s" % (entry["count"], entry["word"]))
