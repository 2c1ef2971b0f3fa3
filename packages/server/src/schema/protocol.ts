/** What is wrong with a value: `path` such as `a.b[0].c` (`''`: the value itself) and a clause about it. */
export interface Violation {
  path: string;
  message: string;
}

/** A call to the worker; without a value only the schema is looked at. */
export interface SchemaCall {
  schema: string;
  value: string | null;
}

/** The worker's answer: what is wrong with the schema or, when nothing is, with the value. */
export interface SchemaAnswer {
  problems: string[];
  violations: Violation[];
}
