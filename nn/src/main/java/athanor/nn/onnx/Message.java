package athanor.nn.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// A message of protocol buffers, whose fields are known by their numbers: those of `onnx.proto`,
/// which the classes here name where they read and write them. A field that is not there reads as
/// nothing, 0 or "".
record Message(UnknownFieldSet fields) {

    /// Throws [IllegalArgumentException] where the bytes are no message.
    static Message parse(ByteString bytes) {
        try {
            CodedInputStream input = bytes.newCodedInput();
            input.enableAliasing(true);
            return new Message(UnknownFieldSet.parseFrom(input));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "it is no message of protocol buffers: " + e.getMessage(), e);
        }
    }

    static Message parse(byte[] bytes) {
        return parse(ByteString.copyFrom(bytes));
    }

    // ---- reading ----

    boolean has(int field) {
        return fields.hasField(field);
    }

    List<Message> messages(int field) {
        return parts(field).stream().map(Message::parse).toList();
    }

    /// The last message of that field; of several, the last one holds.
    Message message(int field) {
        return has(field) && !parts(field).isEmpty()
                ? parse(parts(field).getLast())
                : new Message(UnknownFieldSet.getDefaultInstance());
    }

    List<String> texts(int field) {
        return parts(field).stream().map(ByteString::toStringUtf8).toList();
    }

    String text(int field) {
        return bytes(field).toStringUtf8();
    }

    ByteString bytes(int field) {
        return parts(field).isEmpty() ? ByteString.EMPTY : parts(field).getLast();
    }

    OptionalLong number(int field) {
        List<Long> numbers = fields.getField(field).getVarintList();
        return numbers.isEmpty() ? OptionalLong.empty() : OptionalLong.of(numbers.getLast());
    }

    /// Integers, one by one or packed.
    long[] numbers(int field) {
        LongStream single = fields.getField(field).getVarintList().stream().mapToLong(n -> n);
        return LongStream.concat(single, parts(field).stream().flatMapToLong(Message::unpack))
                .toArray();
    }

    /// float32 numbers, one by one or packed.
    double[] floats(int field) {
        IntStream bits =
                IntStream.concat(
                        fields.getField(field).getFixed32List().stream().mapToInt(n -> n),
                        parts(field).stream().flatMapToInt(Message::words));
        return bits.mapToDouble(Float::intBitsToFloat).toArray();
    }

    /// float64 numbers, one by one or packed.
    double[] doubles(int field) {
        LongStream bits =
                LongStream.concat(
                        fields.getField(field).getFixed64List().stream().mapToLong(n -> n),
                        parts(field).stream().flatMapToLong(Message::longWords));
        return bits.mapToDouble(Double::longBitsToDouble).toArray();
    }

    private List<ByteString> parts(int field) {
        return fields.getField(field).getLengthDelimitedList();
    }

    private static LongStream unpack(ByteString packed) {
        try {
            CodedInputStream input = packed.newCodedInput();
            LongStream.Builder numbers = LongStream.builder();
            while (!input.isAtEnd()) {
                numbers.add(input.readRawVarint64());
            }
            return numbers.build();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("its packed integers are cut off", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static IntStream words(ByteString packed) {
        ByteBuffer words = packed.asReadOnlyByteBuffer().slice().order(ByteOrder.LITTLE_ENDIAN);
        return IntStream.range(0, packed.size() / 4).map(i -> words.getInt(4 * i));
    }

    private static LongStream longWords(ByteString packed) {
        ByteBuffer words = packed.asReadOnlyByteBuffer().slice().order(ByteOrder.LITTLE_ENDIAN);
        return IntStream.range(0, packed.size() / 8).mapToLong(i -> words.getLong(8 * i));
    }

    // ---- writing; each yields a larger message ----

    static Message empty() {
        return new Message(UnknownFieldSet.getDefaultInstance());
    }

    Message with(int field, String text) {
        return with(field, ByteString.copyFromUtf8(text));
    }

    Message with(int field, Message part) {
        return with(field, part.fields.toByteString());
    }

    Message with(int field, ByteString bytes) {
        return with(field, Field.newBuilder().addLengthDelimited(bytes).build());
    }

    Message with(int field, long number) {
        return with(field, Field.newBuilder().addVarint(number).build());
    }

    Message with(int field, float number) {
        return with(field, Field.newBuilder().addFixed32(Float.floatToRawIntBits(number)).build());
    }

    /// With other messages in the place of those of a field.
    Message replaced(int field, List<Message> parts) {
        Message others = new Message(fields.toBuilder().clearField(field).build());
        for (Message part : parts) {
            others = others.with(field, part);
        }
        return others;
    }

    private Message with(int field, Field value) {
        return new Message(fields.toBuilder().mergeField(field, value).build());
    }

    byte[] toByteArray() {
        byte[] bytes = new byte[fields.getSerializedSize()];
        try {
            fields.writeTo(CodedOutputStream.newInstance(bytes));
        } catch (IOException e) {
            throw new IllegalStateException("an array of the right size takes every message", e);
        }
        return bytes;
    }
}
