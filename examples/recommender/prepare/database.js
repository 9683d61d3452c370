// An in-memory DuckDB: SQL in, rows or columns out. Reaches no network and installs no extension.

import { DuckDBInstance } from '@duckdb/node-api';

const SETTINGS = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  preserve_insertion_order: 'true',
};

export class Database {
  #instance;
  #connection;

  static async open() {
    const database = new Database();
    database.#instance = await DuckDBInstance.create(':memory:', SETTINGS);
    database.#connection = await database.#instance.connect();
    return database;
  }

  close() {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  // Runs one statement (or several, separated by semicolons) for its effect.
  async run(sql) {
    await this.#connection.run(sql);
  }

  // All rows as objects; 64-bit integers arrive as numbers.
  async rows(sql) {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRowObjectsJS().map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
  }

  // One array per column, for results too large to want an object a row.
  async columns(sql) {
    const reader = await this.#connection.runAndReadAll(sql);
    const columns = reader.getColumnsJS();
    return Object.fromEntries(reader.columnNames().map((name, i) => [name, columns[i].map(plain)]));
  }

  async value(sql) {
    const [row] = await this.rows(sql);
    return Object.values(row)[0];
  }

  async columnNames(table) {
    return (await this.rows(`SELECT column_name AS name FROM (DESCRIBE ${table})`))
      .map((row) => row.name);
  }
}

// A SQL string literal.
export function quote(text) {
  return `'${String(text).replaceAll("'", "''")}'`;
}

function plain(value) {
  if (typeof value === 'bigint') return Number(value);
  return value;
}
