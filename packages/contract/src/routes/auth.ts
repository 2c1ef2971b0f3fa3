import { z } from 'zod';
import { defineRoutes } from '../route.ts';
import {
  AccessTokenInput,
  AccessTokenReply,
  UpdateUserInput,
  UserReply,
} from '../shapes/account.ts';
import { Empty, GenericResponse, ServiceInfo } from '../shapes/common.ts';

export const authRoutes = defineRoutes({
  Auth_AccessToken: {
    method: 'POST',
    path: '/access_token',
    summary: 'Exchange an API key for an access token',
    done: true,
    open: true,
    body: AccessTokenInput,
    reply: AccessTokenReply,
  },
  Auth_SignOut: {
    method: 'POST',
    path: '/signout',
    summary: 'End the access token',
    done: true,
    body: Empty,
    reply: GenericResponse,
  },
  Auth_GetUser: { method: 'GET', path: '/user', summary: 'The user', done: true, reply: UserReply },
  Auth_UpdateUser: {
    method: 'PATCH',
    path: '/user',
    aliases: [['POST', '/user']],
    summary: "Change the user's fields",
    done: true,
    body: UpdateUserInput,
    reply: UserReply,
  },
  Auth_Info: {
    method: 'GET',
    path: '/info',
    summary: 'Version of the service',
    done: true,
    open: true,
    reply: ServiceInfo,
  },
  Auth_Skip: {
    method: 'GET',
    path: '/skip',
    summary: 'Whether the login page can be skipped',
    done: false,
    open: true,
    query: z.object({ loginChallenge: z.string().optional() }),
  },
  Auth_SignIn: {
    method: 'POST',
    path: '/signin',
    summary: 'Mail a one-time code',
    done: false,
    open: true,
  },
  Auth_Authenticate: {
    method: 'POST',
    path: '/authenticate',
    summary: 'Sign in with a one-time code',
    done: false,
    open: true,
  },
  Auth_CreateApiKey: {
    method: 'POST',
    path: '/api_key',
    summary: 'Create an API key',
    done: false,
  },
  Auth_ListApiKeys: { method: 'GET', path: '/api_keys', summary: 'List API keys', done: false },
  Auth_RevokeApiKey: {
    method: 'POST',
    path: '/api_keys/{id}/revoke',
    summary: 'Revoke an API key',
    done: false,
  },
  Auth_ListSecrets: {
    method: 'GET',
    path: '/secrets',
    summary: 'List secrets, without their keys',
    done: false,
    query: z.object({ secretType: z.string().optional() }),
  },
  Auth_CreateSecret: {
    method: 'POST',
    path: '/secrets',
    summary: 'Create or replace a secret',
    done: false,
  },
  Auth_DeleteSecret: {
    method: 'DELETE',
    path: '/secrets/{secretType}/{id}',
    summary: 'Delete a secret',
    done: false,
  },
  Auth_ConnectorCredentials: {
    method: 'GET',
    path: '/connector_credentials/{name}',
    summary: 'Not offered: always answers 501',
    done: false,
    refusal: 'connector credentials are not offered',
  },
});
