import type { TestContext } from './context.ts';

/**
 * The context as one caller sees it whom others overtake: what it read before its next transaction is old
 * when that begins, because `meanwhile` happens in between.
 */
export function overtaken(ctx: TestContext, meanwhile: () => Promise<unknown>): TestContext {
  let pending: (() => Promise<unknown>) | null = meanwhile;
  const { transact } = ctx.store;
  return {
    ...ctx,
    store: {
      ...ctx.store,
      async transact(body) {
        const act = pending;
        pending = null;
        await act?.();
        return transact(body);
      },
    },
  };
}
