import { VERSION } from '@bytenite/contract';
import { createApiKey, endApiKey, viewApiKeys } from '../../engine/auth/api-keys.ts';
import { signOut } from '../../engine/auth/authenticate.ts';
import { exchangeApiKey } from '../../engine/auth/exchange-api-key.ts';
import { changeUser, createUser, findUser, listUsers } from '../../engine/auth/manage-users.ts';
import { getUser, updateUser } from '../../engine/auth/user.ts';
import { beginBackup, endBackup, renewBackup } from '../../engine/backup/manage-backups.ts';
import { rotateMasterKey } from '../../engine/secrets/rotate-master-key.ts';
import { createSecret, removeSecret, viewSecrets } from '../../engine/secrets/manage-secrets.ts';
import { credentialOf } from '../credentials.ts';
import { genericResponse, type Handlers } from '../handler.ts';
import { presentApiKey } from '../present-api-key.ts';
import { presentSecret } from '../present-secret.ts';
import { presentUser } from '../present-user.ts';
import { runnerHandlers } from './runners.ts';

const SCOPE = 'openid';

export const authHandlers: Handlers<'auth'> = {
  async Auth_AccessToken({ ctx, body }) {
    const { token, expiresInSeconds } = await exchangeApiKey(ctx, body.apiKey);
    return { token, expiresIn: String(expiresInSeconds), scope: SCOPE };
  },
  async Auth_SignOut(call) {
    await signOut(call.ctx, credentialOf(call.request.headers) ?? '');
    return genericResponse(call);
  },
  async Auth_GetUser({ ctx, account }) {
    return { user: presentUser(await getUser(ctx, account)) };
  },
  async Auth_UpdateUser({ ctx, account, body }) {
    return { user: presentUser(await updateUser(ctx, account, body)) };
  },
  async Auth_CreateApiKey({ ctx, account, body }) {
    const { secret, row } = await createApiKey(ctx, account, body);
    return { token: secret, apiKey: presentApiKey(row) };
  },
  async Auth_ListApiKeys({ ctx, account }) {
    return { apiKeys: (await viewApiKeys(ctx, account)).map(presentApiKey) };
  },
  async Auth_RevokeApiKey(call) {
    await endApiKey(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
  async Auth_ListUsers({ ctx, account, query }) {
    const { pagination, users } = await listUsers(ctx, account, query);
    return { users: users.map(presentUser), pagination };
  },
  async Auth_CreateUser({ ctx, account, body }) {
    return { user: presentUser(await createUser(ctx, account, body)) };
  },
  async Auth_ChangeUser({ ctx, account, params, body }) {
    return { user: presentUser(await changeUser(ctx, account, params.id, body)) };
  },
  async Auth_CreateUserApiKey({ ctx, account, params, body }) {
    const user = await findUser(ctx, account, params.id);
    const { secret, row } = await createApiKey(ctx, user, body);
    return { token: secret, apiKey: presentApiKey(row) };
  },
  async Auth_ListUserApiKeys({ ctx, account, params }) {
    const user = await findUser(ctx, account, params.id);
    return { apiKeys: (await viewApiKeys(ctx, user)).map(presentApiKey) };
  },
  async Auth_RevokeUserApiKey(call) {
    const user = await findUser(call.ctx, call.account, call.params.id);
    await endApiKey(call.ctx, user, call.params.keyId);
    return genericResponse(call);
  },
  async Auth_CreateSecret(call) {
    const id = await createSecret(call.ctx, call.account, call.body);
    // Whoever chose the id knows it.
    return genericResponse(call, call.body.secret.id ? '' : id);
  },

  async Auth_ListSecrets({ ctx, account, query }) {
    const secrets = await viewSecrets(ctx, account, query.secretType);
    return { secrets: secrets.map(presentSecret) };
  },

  async Auth_DeleteSecret(call) {
    const { secretType, id } = call.params;
    await removeSecret(call.ctx, call.account, secretType, id);
    return genericResponse(call);
  },

  async Auth_RotateMasterKey(call) {
    await rotateMasterKey(call.ctx, call.account);
    return genericResponse(call);
  },

  Auth_BeginBackup: ({ ctx, account }) => beginBackup(ctx, account),

  Auth_RenewBackup: ({ ctx, account, params }) => renewBackup(ctx, account, params.id),

  async Auth_EndBackup(call) {
    await endBackup(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },

  ...runnerHandlers,

  Auth_Info: () => ({ version: VERSION }),
};
