import { ENGINE_TYPES, type App, type Engine, type EngineMessage } from '@bytenite/contract';
import { formatTag, formatVersion } from '../domain/tags.ts';
import type { ComponentView } from '../engine/components/components.ts';
import { timestampOf } from './time.ts';

function presentShared({ component, revision, manifest, userName }: ComponentView) {
  return {
    id: component.id,
    name: component.name,
    version: formatVersion(component),
    owner: component.account,
    userName,
    status: revision.status,
    hash: revision.hash,
    platform: manifest.platform,
    platformConfig: manifest.platformConfig,
    deviceRequirements: manifest.deviceRequirements,
    entrypoint: manifest.entrypoint,
    description: manifest.description,
    link: '',
    isPublic: component.is_public === 1,
    createdAt: timestampOf(component.created_at),
    updatedAt: timestampOf(revision.created_at),
  };
}

export function presentApp(view: ComponentView): App {
  return { ...presentShared(view), revision: String(view.revision.revision) };
}

export function presentEngine(view: ComponentView): Engine {
  // An app reaches this only when it was pushed to the engines' path: shown as what it is not, nothing breaks.
  const type = ENGINE_TYPES.find((known) => known === view.component.type) ?? 'partitioner';
  return { ...presentShared(view), type, revision: view.revision.revision, deletedAt: null };
}

export function presentEngineMessage(
  { component, revision }: ComponentView,
  data: { engineData: string; engineLink: string } = { engineData: '', engineLink: '' },
): EngineMessage {
  return {
    engineId: component.id,
    engineTag: formatTag(component),
    ...data,
    engineStatus: revision.status,
  };
}
