/** Apps for the tests of the clients. */
import { pushComponent } from '../support/components.ts';
import type { Platform } from '../support/platform.ts';

const MAINS = {
  sleeper: `
import time
time.sleep(600)
`,
  failing: `
import sys
sys.exit("no such luck")
`,
  copy: `
import os, shutil
target = os.path.join(os.environ["TASK_RESULTS_DIR"], "copy.bin")
shutil.copyfile(os.path.join(os.environ["TASK_DIR"], "data.bin"), target)
`,
};

/** `sleeper`, `failing` and `copy`, which copies its chunk. */
export async function pushApps(platform: Platform): Promise<void> {
  for (const [name, main] of Object.entries(MAINS)) {
    await pushComponent(platform, { name, type: 'app', main });
  }
}
