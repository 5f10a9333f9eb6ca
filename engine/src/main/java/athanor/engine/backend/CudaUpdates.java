package athanor.engine.backend;

import athanor.kernels.cuda.PtxOptimizers;
import athanor.kernels.cuda.PtxOptimizers.Parameter;
import athanor.kernels.cuda.PtxOptimizers.Table;
import athanor.kernels.cuda.PtxRandom;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;

/// Where kernels find what changes from step to step: in device memory, so that a captured graph
/// need not change. Work that is done at once sends it there just before; all goes through one
/// stream, so what is there is what the kernel behind it is meant to see.
final class CudaUpdates {
    /// A place for the numbers of a rule.
    static final int RULE_BYTES = 64;

    static final int MOST_RULES = 8;
    static final int KEY_BYTES = 16;
    static final int MOST_KEYS = 240;

    /// What a kernel that is being launched is told.
    interface Places {
        /// Where an update reads the numbers of its rule.
        long numbers(UpdateRule rule);

        /// Where it reads its tensors from.
        Table table(List<Parameter> parameters);

        /// Where a mask reads its key; empty where it is an argument.
        OptionalLong key(PhiloxKey key);
    }

    /// Copies to the device.
    interface Upload {
        void upload(MemorySegment source, long to);
    }

    /// A list of tensors as it lies in device memory, at some address.
    record Packed(MemorySegment bytes, int tensors, int blocks) {
        static Packed of(List<Parameter> parameters) {
            MemorySegment tensors = MemorySegment.ofArray(Table.tensors(parameters));
            int[] chunks = Table.chunks(parameters);
            MemorySegment all =
                    MemorySegment.ofArray(
                            new long[(int) (tensors.byteSize() / 8) + (chunks.length + 1) / 2]);
            all.copyFrom(tensors);
            all.asSlice(tensors.byteSize()).copyFrom(MemorySegment.ofArray(chunks));
            return new Packed(all, parameters.size(), chunks.length / 2);
        }

        Table at(long address) {
            return new Table(address, address + (long) Table.TENSOR_BYTES * tensors, blocks);
        }
    }

    private final Cuda cuda;
    private final Upload upload;
    private final long page;
    private MemorySegment table = MemorySegment.NULL;
    private long tableAddress;
    private long tableBytes;

    CudaUpdates(Cuda cuda, Upload upload) {
        this.cuda = cuda;
        this.upload = upload;
        page = cuda.reserve(MOST_RULES * RULE_BYTES + MOST_KEYS * KEY_BYTES);
    }

    long ruleAddress(int i) {
        return page + (long) i * RULE_BYTES;
    }

    long keyAddress(int i) {
        return page + MOST_RULES * RULE_BYTES + (long) i * KEY_BYTES;
    }

    /// The most bytes that a list of tensors took so far.
    long tableBytes() {
        return tableBytes;
    }

    /// Sends the numbers of rules and the keys that are derived from one, all in one copy.
    void send(List<UpdateRule> rules, PhiloxKey key, int keys) {
        MemorySegment all =
                MemorySegment.ofArray(
                        new long[(MOST_RULES * RULE_BYTES + keys * KEY_BYTES) / Long.BYTES]);
        for (int i = 0; i < rules.size(); i++) {
            put(all, (long) i * RULE_BYTES, numbersOf(rules.get(i)));
        }
        for (int i = 0; i < keys; i++) {
            MemorySegment bytes = MemorySegment.ofBuffer(PtxRandom.bytes(key.derive(i)));
            put(all, keyAddress(i) - page, bytes);
        }
        upload.upload(all, page);
    }

    private static void put(MemorySegment all, long at, MemorySegment bytes) {
        MemorySegment.copy(bytes, 0, all, at, bytes.byteSize());
    }

    private static MemorySegment numbersOf(UpdateRule rule) {
        return MemorySegment.ofBuffer(PtxOptimizers.numbers(rule, 1));
    }

    /// Of work that is done at once.
    Places atOnce() {
        return new Places() {
            @Override
            public long numbers(UpdateRule rule) {
                upload.upload(numbersOf(rule), page);
                return page;
            }

            // Most steps have the tensors of the one before, at the same addresses.
            @Override
            public Table table(List<Parameter> parameters) {
                Packed packed = Packed.of(parameters);
                long bytes = packed.bytes().byteSize();
                if (bytes > tableBytes) {
                    if (tableBytes > 0) {
                        cuda.release(tableAddress);
                    }
                    tableAddress = cuda.reserve(bytes);
                    tableBytes = bytes;
                } else if (packed.bytes().mismatch(table) < 0) {
                    return packed.at(tableAddress);
                }
                upload.upload(packed.bytes(), tableAddress);
                table = packed.bytes();
                return packed.at(tableAddress);
            }

            @Override
            public OptionalLong key(PhiloxKey key) {
                return OptionalLong.empty();
            }
        };
    }
}
