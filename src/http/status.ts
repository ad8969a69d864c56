/**
 * Errors of the Kubernetes API: `kind: Status` with the matching HTTP code. kubectl prints
 * `Error from server (<reason>): <message>`, so messages are written for people.
 * Source: apimachinery pkg/api/errors/errors.go.
 */

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Failure';
  message: string;
  reason: string;
  details?: Record<string, unknown>;
  code: number;
}

export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: number,
    reason: string,
    message: string,
    extra: { details?: Record<string, unknown>; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.details = extra.details;
    this.headers = extra.headers ?? {};
  }

  body(): Status {
    const { message, reason, details, code } = this;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details && { details }),
      code,
    };
  }
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } });
}

export function forbidden(message: string): ApiError {
  return new ApiError(403, 'Forbidden', message);
}

/** One object of a known kind is not there. */
export function notFound(resource: string, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${resource} "${name}" not found`, { details: { name, kind: resource } });
}

/** The path itself means nothing here. */
export function unknownPath(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function methodNotAllowed(message: string): ApiError {
  return new ApiError(405, 'MethodNotAllowed', message, { headers: { Allow: 'GET, HEAD' } });
}

export function notAcceptable(): ApiError {
  return new ApiError(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
}

/** The version asked for is no longer (or not yet) in the buffer: the client has to list again. */
export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message);
}

export function bodyTooLarge(limitBytes: number): ApiError {
  return new ApiError(413, 'RequestEntityTooLarge', `the body is longer than ${limitBytes} bytes`);
}

export function unsupportedMediaType(type: string): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format (${JSON.stringify(type)}) - accepted media types include: application/json, application/vnd.kubernetes.protobuf`,
  );
}

export function invalid(message: string): ApiError {
  return new ApiError(422, 'Invalid', message);
}

export function tooManyRequests(message: string): ApiError {
  return new ApiError(429, 'TooManyRequests', message, {
    headers: { 'Retry-After': '1' },
    details: { retryAfterSeconds: 1 },
  });
}

/** Something that is needed for the answer does not work now. */
export function unavailable(message: string): ApiError {
  return new ApiError(503, 'ServiceUnavailable', message);
}

export function internalError(message: string): ApiError {
  return new ApiError(500, 'InternalError', message);
}
