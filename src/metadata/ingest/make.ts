/** What a manifest says → the documents that are run: Appliances, variables, declarations of other tools. */
import { expandAppliance, isAppliance } from './appliance.ts';
import type { Directives } from './directives.ts';
import { isDeclaration, podOfDeclaration } from './gce-declaration.ts';
import { hasVariables, substitute } from './substitute.ts';
import type { IncludeUrl, IngestOptions } from './types.ts';

export interface Made {
  /** Another text than was given; absent: it stays as it is. */
  text?: string;
  warnings: string[];
  /** To be fetched first; there is no text then. */
  wanted: IncludeUrl[];
}

/** `given` are the documents of `text`, `budget` is for the bases of all texts. Throws Refusal. */
export function makeManifest(
  text: string,
  given: readonly unknown[],
  { substitute: which = 'metadata' }: Directives,
  options: IngestOptions,
  budget: { bytes: number },
): Made {
  const { variables = new Map(), appliances: bases = new Map(), included: fetched = new Map() } = options;
  const [warnings, wanted]: [string[], IncludeUrl[]] = [[], []];
  const coreos = which === 'coreos';
  const appliance = given.some(isAppliance);
  const variable = which !== 'none' && (appliance || hasVariables(text, coreos));
  if (!appliance && !variable && !given.some(isDeclaration)) return { warnings, wanted };
  const documents = given.flatMap((value) => {
    if (!isAppliance(value)) return [value];
    const result = expandAppliance(value, { bases, fetched, budget });
    if ('documents' in result) return result.documents;
    wanted.push(result.wanted);
    return [];
  });
  if (wanted.length > 0) return { warnings, wanted };
  const results = documents.map((value) => {
    const known = variable ? substitute(value, variables, { coreos }) : value;
    if (!isDeclaration(known)) return known;
    const declared = podOfDeclaration(known);
    warnings.push(...declared.warnings);
    return declared.pod;
  });
  return { text: results.map((value) => `---\n${JSON.stringify(value, null, 2)}\n`).join(''), warnings, wanted };
}
