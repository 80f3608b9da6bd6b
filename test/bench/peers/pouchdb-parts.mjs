import http from "pouchdb-adapter-http";
import leveldb from "pouchdb-adapter-leveldb";
import PouchDB from "pouchdb-core";
import mapreduce from "pouchdb-mapreduce";
import replication from "pouchdb-replication";

/**
 * PouchDB as the package pouchdb-node puts it together: kept in LevelDB, replicates over HTTP.
 *
 * @param {string} folder where its databases lie
 */
export function pouchIn(folder) {
  return PouchDB.plugin(leveldb)
    .plugin(http)
    .plugin(mapreduce)
    .plugin(replication)
    .defaults({ prefix: `${folder}/` });
}
