/** Something that the operator can understand and put right. */
export class BackupFailure extends Error {
  override readonly name = 'BackupFailure';
  readonly fix: readonly string[];

  constructor(message: string, fix: readonly string[] = []) {
    super(message);
    this.fix = fix;
  }
}
