package athanor.kernels.matmul;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorSpecies;

/// Writes the class of a [Tile]. The compiler keeps a vector in a register only while it is a local
/// variable, so the 24 sums of a tile need 24 variables: text that a program writes better than a
/// person. A tile of 2 rows by 2 vectors that accumulates would read:
///
/// ```java
/// public void run(int depth, float[] a, int aShift, int[] aRows, int aRow,
///                 float[] b, int bOffset, float[] c, int cShift, int[] cRows, int cRow) {
///     int a0 = aRows[aRow] + aShift, c0 = cRows[cRow] + cShift;
///     int a1 = aRows[aRow + 1] + aShift, c1 = cRows[cRow + 1] + cShift;
///     FloatVector sum00 = FloatVector.fromArray(SPECIES, c, c0);
///     FloatVector sum01 = FloatVector.fromArray(SPECIES, c, c0 + 16);
///     FloatVector sum10 = FloatVector.fromArray(SPECIES, c, c1);
///     FloatVector sum11 = FloatVector.fromArray(SPECIES, c, c1 + 16);
///     for (int k = 0; k < depth; k++) {
///         FloatVector b0 = FloatVector.fromArray(SPECIES, b, bOffset + k * 32);
///         FloatVector b1 = FloatVector.fromArray(SPECIES, b, bOffset + k * 32 + 16);
///         FloatVector left = FloatVector.broadcast(SPECIES, a[a0 + k]);
///         sum00 = left.fma(b0, sum00);
///         sum01 = left.fma(b1, sum01);
///         left = FloatVector.broadcast(SPECIES, a[a1 + k]);
///         sum10 = left.fma(b0, sum10);
///         sum11 = left.fma(b1, sum11);
///     }
///     sum00.intoArray(c, c0);
///     sum01.intoArray(c, c0 + 16);
///     sum10.intoArray(c, c1);
///     sum11.intoArray(c, c1 + 16);
/// }
/// ```
///
/// One that overwrites starts from `FloatVector.zero(SPECIES)`, and writes these zeros: the lines
/// of C are on their way into the cache while the loop runs, which is worth a fourth where C is
/// large and the depth small. It is another class and not an `if`, because a vector that may come
/// from two places is a variable the compiler puts into memory.
///
/// A tile of columns reads `a[a0 + at]`, `a[a1 + at]` and so on, where `at = k * aStride`. The
/// stride is a constant in it, for only then does the compiler take the checks of bounds out of the
/// loop, which cost an eighth. `a1` is `a0 + 1`, which the compiler must not know where there are
/// but 16 registers: it would load all of a column at once, and put sums into memory to make room
/// (37 GFLOP/s on a core of 93, against 50 to 87).
record TileStamp(int rows, int vectors, boolean accumulate, int aStride) {
    /// A constant to the compiler, in the stamped classes too.
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    /// i at place i: numbers that the compiler does not know.
    static final int[] PLACES = IntStream.range(0, 16).toArray();

    private static final ClassDesc TILE = Tile.class.describeConstable().orElseThrow();
    private static final ClassDesc SELF = TileStamp.class.describeConstable().orElseThrow();
    private static final ClassDesc VECTOR = FloatVector.class.describeConstable().orElseThrow();
    private static final ClassDesc ANY_VECTOR = Vector.class.describeConstable().orElseThrow();
    private static final ClassDesc SPECIES_TYPE =
            VectorSpecies.class.describeConstable().orElseThrow();
    private static final ClassDesc FLOATS = ConstantDescs.CD_float.arrayType();
    private static final ClassDesc INTS = ConstantDescs.CD_int.arrayType();
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(
                    ConstantDescs.CD_void,
                    INT,
                    FLOATS,
                    INT,
                    INTS,
                    INT,
                    FLOATS,
                    INT,
                    FLOATS,
                    INT,
                    INTS,
                    INT);
    private static final MethodTypeDesc LOAD = MethodTypeDesc.of(VECTOR, SPECIES_TYPE, FLOATS, INT);
    private static final MethodTypeDesc STORE =
            MethodTypeDesc.of(ConstantDescs.CD_void, FLOATS, INT);
    private static final MethodTypeDesc BROADCAST =
            MethodTypeDesc.of(VECTOR, SPECIES_TYPE, ConstantDescs.CD_float);
    private static final MethodTypeDesc ZERO = MethodTypeDesc.of(VECTOR, SPECIES_TYPE);
    private static final MethodTypeDesc FMA = MethodTypeDesc.of(VECTOR, ANY_VECTOR, ANY_VECTOR);

    /// The numbers of the parameters of `run` among its local variables; 0 is `this`.
    private static final int DEPTH = 1;

    private static final int A = 2;
    private static final int A_SHIFT = 3;
    private static final int A_ROWS = 4;
    private static final int A_ROW = 5;
    private static final int B = 6;
    private static final int B_OFFSET = 7;
    private static final int C = 8;
    private static final int C_SHIFT = 9;
    private static final int C_ROWS = 10;
    private static final int C_ROW = 11;

    Tile stamp() {
        ClassDesc name =
                ClassDesc.of(
                        Tile.class.getPackageName(),
                        "Tile"
                                + rows
                                + "x"
                                + vectors
                                + (accumulate ? "Add" : "")
                                + (aStride == 1 ? "" : "By" + aStride));
        byte[] bytes =
                ClassFile.of()
                        .build(
                                name,
                                type ->
                                        type.withFlags(
                                                        ClassFile.ACC_FINAL
                                                                | ClassFile.ACC_SYNTHETIC)
                                                .withInterfaceSymbols(TILE)
                                                .withMethodBody(
                                                        ConstantDescs.INIT_NAME,
                                                        ConstantDescs.MTD_void,
                                                        ClassFile.ACC_PUBLIC,
                                                        code ->
                                                                code.aload(0)
                                                                        .invokespecial(
                                                                                ConstantDescs
                                                                                        .CD_Object,
                                                                                ConstantDescs
                                                                                        .INIT_NAME,
                                                                                ConstantDescs
                                                                                        .MTD_void)
                                                                        .return_())
                                                .withMethodBody(
                                                        "run",
                                                        RUN,
                                                        ClassFile.ACC_PUBLIC,
                                                        this::writeRun));
        try {
            Class<?> stamped = MethodHandles.lookup().defineHiddenClass(bytes, true).lookupClass();
            return (Tile) stamped.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the tile " + this + " could not be stamped", e);
        }
    }

    private void writeRun(CodeBuilder code) {
        int[] a = aStride == 1 ? writeOffsets(code, A_ROWS, A_ROW, A_SHIFT) : writeColumns(code);
        int[] c = writeOffsets(code, C_ROWS, C_ROW, C_SHIFT);
        int[][] sums = new int[rows][vectors];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < vectors; j++) {
                sums[i][j] = code.allocateLocal(TypeKind.REFERENCE);
                code.getstatic(SELF, "SPECIES", SPECIES_TYPE);
                if (accumulate) {
                    code.aload(C);
                    writeIndex(code, c[i], j);
                    code.invokestatic(VECTOR, "fromArray", LOAD);
                } else {
                    code.invokestatic(VECTOR, "zero", ZERO);
                }
                code.astore(sums[i][j]);
                if (!accumulate) {
                    writeStore(code, sums[i][j], c[i], j);
                }
            }
        }
        writeLoop(code, a, sums);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < vectors; j++) {
                writeStore(code, sums[i][j], c[i], j);
            }
        }
        code.return_();
    }

    private void writeLoop(CodeBuilder code, int[] a, int[][] sums) {
        int k = code.allocateLocal(TypeKind.INT);
        int at = code.allocateLocal(TypeKind.INT);
        int left = code.allocateLocal(TypeKind.REFERENCE);
        int[] right = new int[vectors];
        Label head = code.newLabel();
        Label end = code.newLabel();
        code.iconst_0().istore(k);
        code.labelBinding(head).iload(k).iload(DEPTH).if_icmpge(end);
        code.iload(k).loadConstant(aStride).imul().istore(at);
        for (int j = 0; j < vectors; j++) {
            right[j] = code.allocateLocal(TypeKind.REFERENCE);
            code.getstatic(SELF, "SPECIES", SPECIES_TYPE).aload(B);
            code.iload(k).loadConstant(vectors * SPECIES.length()).imul();
            writeIndex(code, B_OFFSET, j);
            code.iadd().invokestatic(VECTOR, "fromArray", LOAD).astore(right[j]);
        }
        for (int i = 0; i < rows; i++) {
            code.getstatic(SELF, "SPECIES", SPECIES_TYPE);
            code.aload(A).iload(a[i]).iload(at).iadd().faload();
            code.invokestatic(VECTOR, "broadcast", BROADCAST).astore(left);
            for (int j = 0; j < vectors; j++) {
                code.aload(left).aload(right[j]).aload(sums[i][j]);
                code.invokevirtual(VECTOR, "fma", FMA).astore(sums[i][j]);
            }
        }
        code.iinc(k, 1).goto_(head).labelBinding(end);
    }

    /// One variable a row: `table[row + i] + shift`.
    private int[] writeOffsets(CodeBuilder code, int table, int row, int shift) {
        int[] offsets = new int[rows];
        for (int i = 0; i < rows; i++) {
            offsets[i] = code.allocateLocal(TypeKind.INT);
            code.aload(table).iload(row).loadConstant(i).iadd().iaload();
            code.iload(shift).iadd().istore(offsets[i]);
        }
        return offsets;
    }

    /// One variable a column: `table[row] + shift + i`.
    private int[] writeColumns(CodeBuilder code) {
        int[] offsets = new int[rows];
        for (int i = 0; i < rows; i++) {
            offsets[i] = code.allocateLocal(TypeKind.INT);
            code.aload(A_ROWS).iload(A_ROW).iaload().iload(A_SHIFT).iadd();
            if (Tiles.FEW_REGISTERS) {
                code.getstatic(SELF, "PLACES", INTS).loadConstant(i).iaload();
            } else {
                code.loadConstant(i);
            }
            code.iadd().istore(offsets[i]);
        }
        return offsets;
    }

    private static void writeStore(CodeBuilder code, int sum, int c, int vector) {
        code.aload(sum).aload(C);
        writeIndex(code, c, vector);
        code.invokevirtual(VECTOR, "intoArray", STORE);
    }

    /// Leaves the index of the vector of that number on the stack.
    private static void writeIndex(CodeBuilder code, int base, int vector) {
        code.iload(base).loadConstant(vector * SPECIES.length()).iadd();
    }
}
