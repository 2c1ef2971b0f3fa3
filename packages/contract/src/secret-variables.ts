/** The environment variables that a secret is given in (contract 8.2). */

/** By variable: which of the secret's two values it holds. An id that is no variable name has a second form. */
export function secretVariables(id: string): Map<string, 'accessKey' | 'secretKey'> {
  const variables = new Map<string, 'accessKey' | 'secretKey'>();
  for (const name of new Set([id, variableName(id)])) {
    variables.set(`${name}_ACCESS_KEY`, 'accessKey');
    variables.set(`${name}_SECRET_KEY`, 'secretKey');
    variables.set(name, 'secretKey');
  }
  return variables;
}

function variableName(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9])/, '_');
}
