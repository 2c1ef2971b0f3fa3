import { invalid, type ExchangeRate, type ExchangeRateQuery } from '@bytenite/contract';

const DECIMALS = 8;
const STANDARD = 'USD';

/** Eight decimals: what lies beyond is noise of the arithmetic. */
export function roundMoney(amount: number): number {
  return Number(amount.toFixed(DECIMALS));
}

/** An amount of ByteChips in a currency, or the other way round; 0 is as good as not given. */
export function exchange(
  rates: ReadonlyMap<string, number>,
  { currency: wanted = '', amount = 0, currencyAmount = 0 }: ExchangeRateQuery,
): ExchangeRate {
  const currency = wanted.trim().toUpperCase() || STANDARD;
  const exchangeRate = rates.get(currency);
  if (exchangeRate === undefined) {
    const description = `must be one of ${[...rates.keys()].join(', ')}`;
    throw invalid(`currency ${description}`, [{ field: 'currency', description }]);
  }
  if (amount > 0 && currencyAmount > 0) {
    const description = 'cannot be given together with amount';
    throw invalid(`currencyAmount ${description}`, [{ field: 'currencyAmount', description }]);
  }
  return currencyAmount > 0
    ? { currency, exchangeRate, currencyAmount, amount: roundMoney(currencyAmount / exchangeRate) }
    : { currency, exchangeRate, amount, currencyAmount: roundMoney(amount * exchangeRate) };
}
