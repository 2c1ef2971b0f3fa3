/**
 * Migrations name the types of SQLite. On PostgreSQL texts compare byte by byte whatever the database's
 * locale, whole numbers have 64 bits, numbers with a point too, and numbers that count up are identities.
 */
import {
  type ColumnDefinitionNode,
  DataTypeNode,
  GeneratedNode,
  OperationNodeTransformer,
  sql,
  type ColumnDataType,
  type KyselyPlugin,
} from 'kysely';

const TYPES: Partial<Record<ColumnDataType, ColumnDefinitionNode['dataType']>> = {
  text: sql`text collate "C"`.toOperationNode(),
  integer: DataTypeNode.create('bigint'),
  real: DataTypeNode.create('double precision'),
};

class Columns extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode): ColumnDefinitionNode {
    const { dataType, autoIncrement, ...rest } = super.transformColumnDefinition(node);
    const type = DataTypeNode.is(dataType) ? TYPES[dataType.dataType] : undefined;
    const column = { ...rest, dataType: type ?? dataType };
    return autoIncrement === true
      ? { ...column, generated: GeneratedNode.create({ identity: true, byDefault: true }) }
      : column;
  }
}

const columns = new Columns();

export const postgresColumns: KyselyPlugin = {
  transformQuery: ({ node }) => columns.transformNode(node),
  transformResult: async ({ result }) => result,
};
