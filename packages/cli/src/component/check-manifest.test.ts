import { describe, expect, it } from 'vitest';
import { checkManifest } from './check-manifest.ts';

const GOOD = { name: 'a', version: '0.1', platform_config: { container: 'python:3.12-slim' } };

function problemsOf(manifest: unknown): string[] {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  return checkManifest(text).problems.map(({ key, message }) => `${key}: ${message}`);
}

describe('a manifest', () => {
  it('needs little, and the rest has defaults', () => {
    expect(checkManifest(JSON.stringify(GOOD)).manifest).toEqual({
      name: 'a',
      version: '0.1',
      type: 'app',
      entrypoint: 'main.py',
      hasToken: false,
    });
  });

  it('has all its problems told at once, each with its key', () => {
    const problems = problemsOf({
      name: 'a b',
      version: 0.1,
      type: 'splitter',
      entrypoint: '../main.py',
      platform_config: { private_image: 'maybe', secrets: [1] },
      device_requirements: { min_cpu: 0, gpu: 4 },
    });
    expect(problems).toEqual([
      'name: must be letters, digits, "-" and "_", at most 64 of them',
      'version: must be a text: "0.1" in double quotes',
      'type: must be "app" or "partitioner" or "assembler"',
      'entrypoint: must be a file of the app/ folder, like "main.py"',
      'platform_config.container: is required',
      'platform_config.private_image: must be true or false',
      'platform_config.secrets: must be a list of texts',
      'device_requirements.min_cpu: must be a number above 0',
      'device_requirements.gpu: must be a list of texts',
    ]);
  });

  it('says where each problem is', () => {
    const text = '{\n  "name": "a",\n  "version": "1",\n  "platform_config": {"container": "x"}\n}';
    expect(checkManifest(text).problems).toMatchObject([{ key: 'version', line: 3, column: 14 }]);
  });

  it('that is no JSON says where it stops being it', () => {
    const text = '{\n  "name": "a",\n  "version": "0.1",\n}';
    expect(checkManifest(text).problems).toMatchObject([{ line: 4, column: 1 }]);
    expect(problemsOf('{ // no\n}')).toEqual([': may not have comments']);
    expect(problemsOf('')).toHaveLength(1);
    expect(problemsOf('[]')).toEqual([': must be an object: { ... }']);
  });

  it('may spell its keys in any case, with or without underscores', () => {
    const manifest = { NAME: 'a', Version: '0.1', Platform_Config: { Container: 'x' } };
    expect(problemsOf(manifest)).toEqual([]);
    expect(problemsOf({ ...GOOD, platformConfig: {} })).toEqual([]); // snake_case wins
  });

  it('may not say two things in two spellings', () => {
    const { platform_config: value, ...rest } = GOOD;
    const manifest = { ...rest, platformConfig: value, PlatformConfig: { container: 'y' } };
    expect(problemsOf(manifest)).toEqual(['platform_config: is given twice']);
  });

  it('tells of a registry token in it, in any spelling', () => {
    const manifest = { ...GOOD, platform_config: { container: 'x', To_ken: 'secret' } };
    expect(checkManifest(JSON.stringify(manifest)).manifest?.hasToken).toBe(true);
  });

  it('may not take the name of the built-in engine', () => {
    expect(problemsOf({ ...GOOD, name: 'passthrough' })).toHaveLength(1);
  });

  it('is not fooled by keys that every object has', () => {
    expect(problemsOf('{"__proto__": {"name": "a"}, "constructor": 1}')).toContain(
      'name: is required',
    );
  });
});
