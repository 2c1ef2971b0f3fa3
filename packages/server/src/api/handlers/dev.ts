import { invalid } from '@bytenite/contract';
import {
  getComponent,
  listComponents,
  readPackageData,
  switchComponent,
  viewsOf,
} from '../../engine/components/components.ts';
import { pushComponent } from '../../engine/components/push-component.ts';
import { getTemplate, listTemplates, pushTemplate } from '../../engine/templates/templates.ts';
import { packageLink } from '../file-links.ts';
import { genericResponse, type Handlers } from '../handler.ts';
import { presentApp, presentEngine, presentEngineMessage } from '../present-component.ts';
import { presentTemplate } from '../present-template.ts';
import { serviceInfo } from '../service-info.ts';

export const devHandlers: Handlers<'dev'> = {
  async Developer_ListApps({ ctx, account, query }) {
    const { pagination, components } = await listComponents(ctx, account, 'app', query);
    return { apps: components.map((view) => presentApp(view)), pagination };
  },
  async Developer_PushApp({ ctx, account, body }) {
    return presentApp(await pushed(ctx, account, body.data));
  },
  async Developer_GetApp({ ctx, account, params }) {
    return { app: presentApp(await getComponent(ctx, account, 'app', params.tag)) };
  },
  async Developer_AppStatus(call) {
    const view = await getComponent(call.ctx, call.account, 'app', call.params.tag);
    return genericResponse(call, view.revision.status);
  },
  async Developer_ActivateApp(call) {
    await switchComponent(call.ctx, call.account, 'app', call.params.tag, 'activate');
    return genericResponse(call);
  },
  async Developer_DeactivateApp(call) {
    await switchComponent(call.ctx, call.account, 'app', call.params.tag, 'deactivate');
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
    const data = body.engineData || body.data || query.engineData || query.data;
    return presentEngine(await pushed(ctx, account, data ?? ''));
  },
  async Developer_GetEngine({ ctx, account, params }) {
    return presentEngine(await getComponent(ctx, account, 'engine', params.tag));
  },
  async Developer_EngineStatus({ ctx, account, params }) {
    return presentEngineMessage(await getComponent(ctx, account, 'engine', params.tag));
  },
  async Developer_ActivateEngine({ ctx, account, params }) {
    const view = await switchComponent(ctx, account, 'engine', params.tag, 'activate');
    return presentEngineMessage(view);
  },
  async Developer_DeactivateEngine({ ctx, account, params }) {
    const view = await switchComponent(ctx, account, 'engine', params.tag, 'deactivate');
    return presentEngineMessage(view);
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
  Developer_Info: () => serviceInfo(),
};

type PushArguments = Parameters<typeof pushComponent>;

async function pushed(ctx: PushArguments[0], account: PushArguments[1], data: string) {
  if (data === '')
    throw invalid('data is required', [{ field: 'data', description: 'is required' }]);
  const [view] = await viewsOf(ctx, [await pushComponent(ctx, account, data)]);
  if (view === undefined) throw new Error('a pushed component has no view');
  return view;
}
