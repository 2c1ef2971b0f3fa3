/** Components whose output names the attempt that made it, so that the final bytes tell what was committed. */
import type { TestComponent } from '../support/components.ts';

/** Chunks of `params.lines`, or the source's lines, each headed by the partitioner's attempt. */
const SPLIT = `
import json, os, time, uuid
params = json.loads(os.environ["PARTITIONER_PARAMS"])
attempt = os.environ["ATTEMPT"]
print("process %s of PARTITIONER chunk=0 attempt=%s" % (uuid.uuid4(), attempt))
print("begin PARTITIONER chunk=0 attempt=%s" % attempt)
lines = params.get("lines")
if lines is None:
    [source] = os.listdir(os.environ["SOURCE_DIR"])
    with open(os.path.join(os.environ["SOURCE_DIR"], source)) as file:
        lines = file.read().splitlines()
time.sleep(params["seconds"])
for number, line in enumerate(lines):
    with open(os.path.join(os.environ["CHUNKS_DIR"], "data_%d.bin" % number), "w") as file:
        file.write("split by %s: %s\\n" % (attempt, line) * params["repeat"])
print("end PARTITIONER chunk=0 attempt=%s" % attempt)
`;

/** Reads its chunk, spoils it, fails where it is told to, and writes what it saw. */
const WORK = `
import hashlib, json, os, sys, time, uuid
params = json.loads(os.environ["APP_PARAMS"])
chunk, attempt = int(os.environ["CHUNK_NUMBER"]), int(os.environ["ATTEMPT"])
print("process %s of APP chunk=%d attempt=%d" % (uuid.uuid4(), chunk, attempt))
print("begin APP chunk=%d attempt=%d" % (chunk, attempt))
path = os.path.join(os.environ["TASK_DIR"], "data.bin")
with open(path, "rb") as file:
    digest = hashlib.sha256(file.read()).hexdigest()
with open(path, "wb") as file:
    file.write(b"spoilt")
if chunk == params["broken"] or (attempt == 1 and chunk in params["failing"]):
    print("attempt %d of chunk %d fails by design" % (attempt, chunk), file=sys.stderr)
    sys.exit(3)
time.sleep(params["seconds"] * (1 + chunk % 2))
line = "chunk %d attempt %d saw %s\\n" % (chunk, attempt, digest)
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "part.txt"), "w") as file:
    file.write(line * params["repeat"])
print("end APP chunk=%d attempt=%d" % (chunk, attempt))
`;

/** All files in the manifest's order, headed by the assembler's attempt. */
const JOIN = `
import json, os, time, uuid
attempt = os.environ["ATTEMPT"]
print("process %s of ASSEMBLER chunk=0 attempt=%s" % (uuid.uuid4(), attempt))
print("begin ASSEMBLER chunk=0 attempt=%s" % attempt)
time.sleep(json.loads(os.environ["ASSEMBLER_PARAMS"])["seconds"])
with open(os.path.join(os.environ["OUTPUT_DIR"], "all.txt"), "w") as output:
    output.write("joined by %s\\n" % attempt)
    with open(os.environ["MANIFEST"]) as manifest:
        for entry in map(json.loads, manifest):
            if entry["state"] != "TASK_STATE_COMPLETED":
                output.write("missing %d\\n" % entry["chunk"])
            for name in entry["files"]:
                with open(os.path.join(os.environ["TASK_RESULTS_DIR"], name)) as part:
                    output.write(part.read())
print("end ASSEMBLER chunk=0 attempt=%s" % attempt)
`;

export const COMPONENTS: readonly TestComponent[] = [
  { name: 'kill-split', type: 'partitioner', main: SPLIT },
  { name: 'kill-work', type: 'app', main: WORK },
  { name: 'kill-join', type: 'assembler', main: JOIN },
];
