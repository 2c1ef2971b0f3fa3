export * from './bundle.ts';
export * from './file-stream.ts';
export * from './message.ts';
export * from './runner.ts';
export * from './states.ts';
