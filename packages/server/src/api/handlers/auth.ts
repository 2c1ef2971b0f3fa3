import { VERSION } from '@bytenite/contract';
import { signOut } from '../../engine/auth/authenticate.ts';
import { exchangeApiKey } from '../../engine/auth/exchange-api-key.ts';
import { getUser, updateUser } from '../../engine/auth/user.ts';
import { credentialOf } from '../credentials.ts';
import { genericResponse, type Handlers } from '../handler.ts';
import { presentUser } from '../present-user.ts';

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
  Auth_Info: () => ({ version: VERSION }),
};
