/** gRPC failures as `CriError`. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { CriError, type CriErrorCode } from './port.ts';

/*
 * CANCELLED is missing on purpose: when we abort a call ourselves, `unary` says so; a runtime that answers it has failed
 * for a reason of its own.
 */
const codes: Partial<Record<number, CriErrorCode>> = {
  [status.UNAVAILABLE]: 'unavailable',
  [status.NOT_FOUND]: 'not-found',
  [status.DEADLINE_EXCEEDED]: 'deadline',
  [status.UNIMPLEMENTED]: 'unimplemented',
};

/** containerd's socket listens before its CRI service is ready; that service then answers UNKNOWN with this text. */
const startingText = /server is not initialized yet/;

/** `error` is what grpc-js reports, or anything thrown while the request was being encoded. */
export function toCriError(call: string, error: unknown): CriError {
  if (error instanceof CriError) return error;
  if (!isServiceError(error))
    return new CriError('other', call, error instanceof Error ? error.message : String(error), { cause: error });
  const code = isAway(error) ? 'unavailable' : (codes[error.code] ?? 'other');
  return new CriError(code, call, error.details, { cause: error });
}

function isAway({ code, details }: ServiceError): boolean {
  // grpc-js' own words for a stream that was reset under a running call: a server that is being ended.
  return startingText.test(details) || (code === status.CANCELLED && details === 'Call cancelled');
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number' && 'details' in error;
}
