// Drives a FHIR endpoint with fhir-kit-client and tells what it got, as one JSON object.
//
//   node drive.mjs BASE_URL < document.json

import { readFileSync } from 'node:fs';
import { CapabilityTool, Client } from 'fhir-kit-client';

const client = new Client({ baseUrl: process.argv[2] });
const document = JSON.parse(readFileSync(0, 'utf8'));
const resourceType = 'DocumentReference';
const told = {};

function http(answer) {
  const { response } = Client.httpFor(answer);
  const headers = Object.fromEntries(['etag', 'location', 'content-type'].map((name) => [name, response.headers.get(name)]));
  return { status: response.status, headers };
}

async function refused(act) {
  try {
    return { status: http(await act()).status };
  } catch (error) {
    return { status: error.response?.status, data: error.response?.data, message: String(error.message) };
  }
}

const statement = await client.capabilityStatement();
const capabilities = new CapabilityTool(statement);
told.capabilities = {
  fhirVersion: statement.fhirVersion,
  create: capabilities.resourceCan(resourceType, 'create'),
  delete: capabilities.resourceCan(resourceType, 'delete'),
  batch: capabilities.serverCan('batch'),
  search: capabilities.searchParamsFor({ resourceType }),
};

const created = await client.create({ resourceType, body: document });
const { id } = created;
told.created = { ...http(created), resource: created };

const known = document.identifier[0];
const identifier = `${known.system}|${known.value}`;
const again = await client.create({
  resourceType,
  body: document,
  options: { headers: { 'If-None-Exist': `identifier=${identifier}` } },
});
told.again = { ...http(again), id: again.id };

told.read = http(await client.read({ resourceType, id }));
told.vread = (await client.vread({ resourceType, id, version: '1' })).meta;

const found = await client.search({ resourceType, searchParams: { identifier, _count: 1 } });
told.found = { ids: found.entry?.map((one) => one.resource.id), next: Boolean(client.nextPage({ bundle: found })) };

const body = { ...created, docStatus: 'amended' };
const stale = { headers: { 'If-Match': 'W/"7"' } };
told.stale = await refused(() => client.update({ resourceType, id, body, options: stale }));
const updated = await client.update({ resourceType, id, body, options: { headers: { 'If-Match': told.created.headers.etag } } });
told.updated = { ...http(updated), docStatus: updated.docStatus };
told.history = (await client.history({ resourceType, id })).entry.map((one) => one.request.method);

const second = structuredClone(document);
second.identifier[0].value += '-2';
const batch = await client.batch({
  body: {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { resource: second, request: { method: 'POST', url: resourceType } },
      { request: { method: 'GET', url: `${resourceType}/${id}` } },
      { request: { method: 'GET', url: `${resourceType}/nowhere` } },
    ],
  },
});
told.batch = { type: batch.type, statuses: batch.entry.map((one) => one.response.status) };

const third = structuredClone(document);
third.identifier[0].value += '-3';
const transaction = await client.transaction({
  body: {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: third, request: { method: 'POST', url: resourceType, ifNoneExist: `identifier=${known.system}|none` } }],
  },
});
told.transaction = { type: transaction.type, statuses: transaction.entry.map((one) => one.response.status) };

const input = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: document }] };
const extracted = await refused(() => client.operation({ name: '$extract', resourceType, input }));
told.parameters = extracted;
const bundle = await client.operation({ name: '$extract', resourceType, input: document });
told.extracted = { type: bundle.type, kinds: bundle.entry.map((one) => one.resource.resourceType) };

told.unknown = await refused(() => client.read({ resourceType, id: 'nowhere' }));
told.otherType = await refused(() => client.read({ resourceType: 'Patient', id: '1' }));
const { status, ...incomplete } = document;
told.invalid = await refused(() => client.create({ resourceType, body: incomplete }));
told.parameter = await refused(() => client.search({ resourceType, searchParams: { colour: 'blue' } }));
told.deleted = await refused(() => client.delete({ resourceType, id }));

const wrong = await client.update({ resourceType, id, body: { resourceType, id, status: 'entered-in-error' } });
told.wrong = { status: wrong.status, version: wrong.meta.versionId };

console.log(JSON.stringify(told, null, 1));
