import { RE2JS } from 're2js';

interface RegExpLike {
  test(text: string): boolean;
}

/** Makes a regular expression that takes time linear in the text. Throws with a message for its author. */
function createLinearRegExp(pattern: string): RegExpLike {
  try {
    const regExp = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return { test: (text) => regExp.matcher(text).find() };
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unknown';
    throw new Error(
      `pattern ${JSON.stringify(pattern)} is not supported: ${reason} (patterns run in linear time, so there ` +
        'are no look-arounds, no back references, and no repeat counts above 1000: use maxLength instead)',
      { cause: error },
    );
  }
}

/** The engine in the form that Ajv asks for; `code` is for stand-alone code, which is not made here. */
export const linearRegExp = Object.assign(createLinearRegExp, { code: 'createLinearRegExp' });
