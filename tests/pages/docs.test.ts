/** The documents of each service in a real browser. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';

const executablePath = process.env['BYTENITE_TEST_BROWSER'];

const SERVICES = [
  ['auth', 'ByteNite auth API'],
  ['customer', 'ByteNite jobs API'],
  ['computing', 'ByteNite jobs API'],
  ['dev', 'ByteNite developers API'],
  ['wallet', 'ByteNite wallet API'],
] as const;

/** Without one `npm test` has said so. */
describe.runIf(executablePath !== undefined)('the page of', () => {
  let platform: Platform;
  let browser: Browser;

  beforeAll(async () => {
    platform = await startPlatform({ runner: false });
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      // A browser of root has no sandbox of its own; it looks at our own pages only.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await platform?.close();
  });

  /** Opens a page and notes what must not happen on it. */
  async function open(path: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(platform.url) && !url.startsWith('data:')) problems.push(url);
    });
    await page.goto(platform.url + path);
    return { page, problems };
  }

  it.each(SERVICES)('%s shows its calls, and tries one', async (service, title) => {
    const { page, problems } = await open(`/v1/${service}/docs/`);
    await page.getByRole('heading', { name: title }).waitFor();
    const info = page.locator('.opblock', { has: page.locator('[data-path$="/info"]') }).first();
    await info.locator('.opblock-summary-control').first().click();
    await info.getByRole('button', { name: 'Execute' }).click();
    await info.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it('customer sends the key that it was given', async () => {
    const { page, problems } = await open('/v1/customer/docs/');
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    await page.locator('.modal-ux input').fill(platform.apiKey);
    await page.locator('.modal-ux').getByRole('button', { name: 'Apply credentials' }).click();
    await page.locator('.modal-ux').getByRole('button', { name: 'Close' }).click();
    const list = page
      .locator('#operations-default-Customer_ListJobs, [id$="Customer_ListJobs"]')
      .first();
    await list.locator('.opblock-summary-control').first().click();
    await list.getByRole('button', { name: 'Execute' }).click();
    await list.locator('.live-responses-table', { hasText: '"pagination"' }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });
});
