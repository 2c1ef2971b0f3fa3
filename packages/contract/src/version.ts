/** The platform's version, the contract's `version` in `GET /info`. */
export const VERSION = { major: 0, minor: 1, tag: '0.1.0' } as const;
