import {
  RawJson,
  type App,
  type Engine,
  type EngineMessage,
  type SchemaReply,
} from '@bytenite/contract';
import { formatTag, formatVersion } from '../domain/tags.ts';
import type { ComponentView } from '../engine/components/component-view.ts';
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

/** Engines found under the apps' paths are shown as apps, never the other way round. */
export function presentEngine(view: ComponentView): Engine {
  const { type } = view.component;
  if (type === 'app') throw new Error('an app is no engine');
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

export function presentSchema({ component, revision }: ComponentView): SchemaReply {
  return {
    id: component.id,
    name: component.name,
    version: formatVersion(component),
    schema: revision.schema === null ? null : new RawJson(revision.schema),
  };
}
