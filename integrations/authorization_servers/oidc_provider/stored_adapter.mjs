// oidc-provider's documented storage interface over one JSON file, so that opaque tokens live
// through a stop and a start of the server.
import { readState, writeState } from './node_control.mjs';

const FILE = 'records.json';

export function makeAdapter(folder) {
  const records = new Map(Object.entries(readState(folder, FILE, () => ({}))));
  const save = () => writeState(folder, FILE, Object.fromEntries(records));
  const payloads = () => [...records.values()].map(({ payload }) => payload);

  return class StoredAdapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : null;
      records.set(this.key(id), { payload, expiresAt });
      save();
    }

    async find(id) {
      const record = records.get(this.key(id));
      const gone = !record || (record.expiresAt !== null && record.expiresAt <= Date.now());
      return gone ? undefined : record.payload;
    }

    async findByUid(uid) {
      return payloads().find((payload) => payload.kind === this.model && payload.uid === uid);
    }

    async findByUserCode(userCode) {
      return payloads().find((payload) => payload.userCode === userCode);
    }

    async consume(id) {
      records.get(this.key(id)).payload.consumed = Math.floor(Date.now() / 1000);
      save();
    }

    async destroy(id) {
      records.delete(this.key(id));
      save();
    }

    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of records) {
        if (payload.grantId === grantId) records.delete(key);
      }
      save();
    }
  };
}
