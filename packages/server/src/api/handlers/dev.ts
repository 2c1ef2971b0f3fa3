import { deleteFromCache } from '../../engine/cache/delete-from-cache.ts';
import { listCache } from '../../engine/cache/list-cache.ts';
import { placeInCache } from '../../engine/cache/put-cache-file.ts';
import { deleteComponent } from '../../engine/components/delete-component.ts';
import { getComponent } from '../../engine/components/get-component.ts';
import { importComponent } from '../../engine/components/import-component.ts';
import { listComponents } from '../../engine/components/list-components.ts';
import { publishComponent, unpublishComponent } from '../../engine/components/publish-component.ts';
import { pushComponent } from '../../engine/components/push-component.ts';
import { readPackageData } from '../../engine/components/read-package-data.ts';
import {
  activateComponent,
  deactivateComponent,
} from '../../engine/components/switch-component.ts';
import { deleteTemplate } from '../../engine/templates/delete-template.ts';
import { getTemplate } from '../../engine/templates/get-template.ts';
import { importTemplate } from '../../engine/templates/import-template.ts';
import { listTemplates } from '../../engine/templates/list-templates.ts';
import { publishTemplate, unpublishTemplate } from '../../engine/templates/publish-template.ts';
import { pushTemplate } from '../../engine/templates/push-template.ts';
import { cacheLink, packageLink } from '../file-links.ts';
import { genericResponse, type Handlers } from '../handler.ts';
import { presentCache } from '../present-cache.ts';
import { presentApp, presentEngine, presentEngineMessage } from '../present-component.ts';
import { presentTemplate } from '../present-template.ts';
import { serviceInfo } from '../service-info.ts';
import { timestampOf } from '../time.ts';

export const devHandlers: Handlers<'dev'> = {
  async Developer_ListApps({ ctx, account, query }) {
    const { pagination, components } = await listComponents(ctx, account, 'app', query);
    return { apps: components.map((view) => presentApp(view)), pagination };
  },
  async Developer_PushApp({ ctx, account, body }) {
    return presentApp(await pushComponent(ctx, account, 'app', body.data));
  },
  async Developer_GetApp({ ctx, account, params }) {
    return { app: presentApp(await getComponent(ctx, account, 'app', params.tag)) };
  },
  async Developer_AppStatus(call) {
    const view = await getComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call, view.revision.status);
  },
  async Developer_ActivateApp(call) {
    await activateComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call);
  },
  async Developer_DeactivateApp(call) {
    await deactivateComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call);
  },
  async Developer_DownloadApp(call) {
    const view = await getComponent(call.ctx, call.account, 'app', call.params.tag);
    const { component, revision } = view.revision;
    return genericResponse(call, packageLink(call, component, revision));
  },
  async Developer_ListEngines({ ctx, account, query }) {
    const { pagination, components } = await listComponents(ctx, account, 'engine', query);
    return { engines: components.map((view) => presentEngine(view)), pagination };
  },
  async Developer_PushEngine({ ctx, account, body, query }) {
    const data = body.engineData || body.data || inQuery(query.engineData || query.data);
    return presentEngine(await pushComponent(ctx, account, 'engine', data));
  },
  async Developer_GetEngine({ ctx, account, params }) {
    return presentEngine(await getComponent(ctx, account, 'engine', params.tag));
  },
  async Developer_EngineStatus({ ctx, account, params }) {
    return presentEngineMessage(await getComponent(ctx, account, 'engine', params.tag));
  },
  async Developer_ActivateEngine({ ctx, account, params }) {
    return presentEngineMessage(await activateComponent(ctx, account, 'engine', params.tag));
  },
  async Developer_DeactivateEngine({ ctx, account, params }) {
    return presentEngineMessage(await deactivateComponent(ctx, account, 'engine', params.tag));
  },
  async Developer_DownloadEngine(call) {
    const view = await getComponent(call.ctx, call.account, 'engine', call.params.tag);
    const { component, revision } = view.revision;
    return presentEngineMessage(view, {
      engineData: await readPackageData(call.ctx, view),
      engineLink: packageLink(call, component, revision),
    });
  },
  async Developer_ListTemplates({ ctx, account, query }) {
    const { pagination, templates } = await listTemplates(ctx, account, query);
    return { templates: templates.map((record) => presentTemplate(record)), pagination };
  },
  async Developer_PushTemplate(call) {
    await pushTemplate(call.ctx, call.account, call.body);
    return genericResponse(call);
  },
  async Developer_GetTemplate({ ctx, account, params }) {
    return presentTemplate(await getTemplate(ctx, account, params.id));
  },
  async Developer_DeleteApp(call) {
    await deleteComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call);
  },
  async Developer_PublishApp(call) {
    await publishComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call);
  },
  async Developer_UnpublishApp(call) {
    await unpublishComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call);
  },
  async Developer_ImportApp({ ctx, account, params, body }) {
    const named = { tag: params.tag, owner: body.owner || undefined };
    const view = await importComponent(ctx, account, 'app', named);
    return { app: presentApp(view) };
  },
  async Developer_DeleteEngine(call) {
    await deleteComponent(call.ctx, call.account, 'engine', call.params.tag);
    return genericResponse(call);
  },
  async Developer_PublishEngine(call) {
    await publishComponent(call.ctx, call.account, 'engine', call.params.tag);
    return genericResponse(call);
  },
  async Developer_UnpublishEngine(call) {
    await unpublishComponent(call.ctx, call.account, 'engine', call.params.tag);
    return genericResponse(call);
  },
  async Developer_ImportEngine({ ctx, account, params, body }) {
    const named = { tag: params.tag, owner: body.owner || undefined };
    const view = await importComponent(ctx, account, 'engine', named);
    return presentEngine(view);
  },
  async Developer_DeleteTemplate(call) {
    await deleteTemplate(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
  async Developer_PublishTemplate(call) {
    await publishTemplate(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
  async Developer_UnpublishTemplate(call) {
    await unpublishTemplate(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
  async Developer_ImportTemplate({ ctx, account, params, body }) {
    const named = { id: params.id, owner: body.owner || undefined };
    return presentTemplate(await importTemplate(ctx, account, named));
  },
  async Developer_ListCache({ ctx, account, query }) {
    return presentCache(await listCache(ctx, account, query));
  },
  async Developer_CacheUploadUrl(call) {
    const place = await placeInCache(call.ctx, call.account, call.query);
    const { url, expiresAt } = cacheLink(call, place);
    return { url, expiresAt: timestampOf(expiresAt) };
  },
  async Developer_DeleteCache(call) {
    await deleteFromCache(call.ctx, call.account, call.query);
    return genericResponse(call);
  },
  Developer_Info: () => serviceInfo(),
};

/** In a query a `+` stands for a space, so base64 that was not escaped comes with spaces. */
function inQuery(data: string | undefined): string {
  return data?.replaceAll(' ', '+') ?? '';
}
