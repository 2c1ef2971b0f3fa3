import type { ComponentType, DeviceRequirements, PlatformConfig } from '@bytenite/contract';

/** A manifest as understood: what a revision stores, with every default filled in. */
export interface Manifest {
  name: string;
  /** `major.minor`. */
  version: string;
  type: ComponentType;
  platform: string;
  /** Path below `app/`. */
  entrypoint: string;
  description: string;
  platformConfig: PlatformConfig;
  deviceRequirements: DeviceRequirements;
}
