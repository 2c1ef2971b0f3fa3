import { describe, expect, it } from 'vitest';
import { parseManifest, type ParsedManifest } from './manifest.ts';

const LEAST = { name: 'word-count', version: '1.2', platform_config: { container: 'python' } };

function parse(changes: object = {}): ParsedManifest {
  return parseManifest(JSON.stringify({ ...LEAST, ...changes }));
}

function problemsOf(changes: object): string[] {
  return parse(changes).problems.map(({ field, description }) => `${field} ${description}`);
}

describe('a manifest', () => {
  it('has defaults for all that may be left out', () => {
    const { manifest, problems } = parse();
    expect(problems).toEqual([]);
    expect(manifest).toEqual({
      name: 'word-count',
      version: '1.2',
      type: 'app',
      platform: 'docker',
      entrypoint: 'main.py',
      description: '',
      platformConfig: {
        container: 'python',
        privateImage: false,
        username: '',
        token: '',
        secrets: [],
        registrySecret: '',
        network: 'default',
        preload: [],
        readOnlyInput: false,
      },
      deviceRequirements: { minCpu: 1, minMemory: 1, gpu: [] },
    });
  });

  it.each([
    ['platform_config', 'private_image', 'device_requirements', 'min_cpu'],
    ['platformConfig', 'privateImage', 'deviceRequirements', 'minCpu'],
    ['Platform_Config', 'PRIVATEIMAGE', 'devicerequirements', 'Min_CPU'],
  ])('may write its keys as %s, %s, %s, %s', (config, image, requirements, cpu) => {
    const { manifest, problems } = parseManifest(
      JSON.stringify({
        NAME: 'a',
        Version: '0.1',
        [config]: { Container: 'python', [image]: true },
        [requirements]: { [cpu]: '0.5' },
      }),
    );
    expect(problems).toEqual([]);
    expect(manifest.platformConfig).toMatchObject({ container: 'python', privateImage: true });
    expect(manifest.deviceRequirements.minCpu).toBe(0.5);
  });

  it('takes one text for a list of one, and null for nothing', () => {
    expect(parse({ description: 'a\uD83Db' }).manifest.description).toBe('a\uFFFDb');
    const { manifest } = parse({
      description: null,
      platform_config: { container: 'python', secrets: 'media', preload: null },
      device_requirements: { gpu: 'T4', min_memory: '2' },
    });
    expect(manifest.platformConfig.secrets).toEqual(['media']);
    expect(manifest.deviceRequirements).toEqual({ minCpu: 1, minMemory: 2, gpu: ['T4'] });
  });

  it.each([
    ['{"name" "x"}', /^is not valid JSON: /],
    ['', /^is not valid JSON: /],
    ['[]', /^must be a JSON object$/],
  ])('that cannot be read has this one problem: %j', (text, problem) => {
    const { problems } = parseManifest(text);
    expect(problems).toEqual([{ field: '', description: expect.stringMatching(problem) }]);
  });

  it('has all its problems told at once, each with its key as written', () => {
    const { problems } = parseManifest(
      JSON.stringify({
        name: 'word count',
        version: '1',
        type: 'service',
        platform: 'podman',
        entrypoint: '../main.py',
        platformConfig: { network: 'some', private_image: 'maybe' },
        device_requirements: { minCpu: 'many', min_memory: 0 },
      }),
    );
    expect(problems.map(({ field }) => field)).toEqual([
      'platformConfig.network',
      'platformConfig.container',
      'platformConfig.private_image',
      'name',
      'version',
      'type',
      'platform',
      'entrypoint',
      'device_requirements.minCpu',
      'device_requirements.min_memory',
    ]);
  });

  it.each([
    [{ name: undefined }, 'name is required'],
    [{ name: 'passthrough' }, 'name is the name of the built-in engine'],
    [{ name: 'x'.repeat(65) }, 'name must be at most 64 letters, digits, "-" or "_"'],
    [{ version: 0.1 }, 'version must be text'],
    [{ version: '01.2' }, 'version must be "major.minor", such as "0.1"'],
    [{ platform_config: undefined }, 'platform_config is required'],
    [{ platform_config: 'python' }, 'platform_config must be an object'],
    [{ platform_config: {} }, 'platform_config.container is required'],
    [{ entrypoint: '/bin/sh' }, 'entrypoint must be a relative path inside the package'],
    [{ entrypoint: './main.py' }, 'entrypoint must be a relative path inside the package'],
    [{ description: 'a\0b' }, 'description must be text'],
  ])('is refused: %j', (changes, problem) => {
    expect(problemsOf(changes)).toEqual([problem]);
  });

  it.each([
    ['is larger than 262144 bytes', `{"own":"${'x'.repeat(300_000)}"}`],
    ['is nested too deeply', `{"own":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('%s: is refused', (description, text) => {
    expect(parseManifest(text).problems[0]).toEqual({ field: '', description });
  });

  it.each(['', '[]', '"x"', '{', '{"name":"a",}'])('is refused: %j', (text) => {
    expect(parseManifest(text).problems[0]?.field).toBe('');
  });
});

describe('two spellings of one key', () => {
  it('say what the snake_case one says', () => {
    const { manifest, problems } = parse({
      platformConfig: { container: 'other' },
      device_requirements: { min_cpu: 2, minCpu: 3 },
    });
    expect(problems).toEqual([]);
    expect(manifest.platformConfig.container).toBe('python');
    expect(manifest.deviceRequirements.minCpu).toBe(2);
  });

  it('are refused when they differ and neither is snake_case', () => {
    const changes = { device_requirements: { minCpu: 2, MinCPU: 3 } };
    expect(problemsOf(changes)).toEqual([
      'device_requirements.minCpu is written as minCpu and MinCPU with different values',
    ]);
    expect(problemsOf({ device_requirements: { minCpu: 2, MinCPU: 2 } })).toEqual([]);
  });
});

it('has no key that reaches what every object has', () => {
  const text = `{"__proto__":{"name":"evil","token":"x"},"constructor":1,${JSON.stringify(LEAST).slice(1)}`;
  const { manifest, problems } = parseManifest(text);
  expect(problems).toEqual([]);
  expect(manifest.name).toBe('word-count');
  expect(({} as { name?: string }).name).toBeUndefined();
});

it('keeps the wish for no network', () => {
  const { manifest } = parse({ platform_config: { container: 'python', network: 'none' } });
  expect(manifest.platformConfig.network).toBe('none');
});

it.each([
  [{ token: 'pull me' }, 'pull me'],
  [{ To_Ken: 'pull me' }, 'pull me'],
  [{}, ''],
])('gives the registry token of %j apart', (config, token) => {
  const parsed = parse({ platform_config: { container: 'python', ...config } });
  expect(parsed).toMatchObject({ problems: [], token });
});

it('is stored without any spelling of token, and otherwise as it was', () => {
  const { text, manifest } = parseManifest(
    `{"name":"a","version":"0.1","own":{"key":[1],"Token":"s1"},"token":"s2",
      "platform_config":{"token":"s3","container":"python"},
      "PlatformConfig":{"TOKEN":"s4"},"platform_config":{"container":"python","_token":"s5"}}`,
  );
  expect(text).not.toMatch(/s\d/);
  expect(JSON.parse(text)).toEqual({
    name: 'a',
    version: '0.1',
    own: { key: [1] },
    platform_config: { container: 'python' },
    PlatformConfig: {},
  });
  expect(manifest.platformConfig.token).toBe('');
  expect(parseManifest(text).text).toBe(text);
});
