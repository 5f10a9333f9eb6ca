package athanor.nn.io;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The part of Python's pickle language that describes plain data and named tensors: numbers,
/// texts, lists, tuples (both a List) and dictionaries. A pickle is a program for a small stack
/// machine, and what it may call is what [Calls] knows; everything else is refused by its name.
final class Pickle {
    /// The name under which [Calls] gets a persistent id, a reference to something outside.
    static final String PERSISTENT = "persistent id";

    /// Makes an object of a function's name and its arguments.
    @FunctionalInterface
    interface Calls {
        Object call(String function, List<?> arguments);
    }

    /// A function or class that is named, as in `collections.OrderedDict`.
    record Global(String name) {}

    private enum Special {
        MARK,
        NONE
    }

    private final ByteBuffer in;
    private final Calls calls;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    Pickle(byte[] bytes, Calls calls) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.calls = calls;
    }

    /// Throws [IllegalArgumentException] for what is no pickle, or asks for more than data.
    Object load() {
        try {
            while (true) {
                Object result = step(in.get() & 0xff);
                if (result != null) {
                    return result;
                }
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("its pickle is cut off", e);
        }
    }

    /// Runs one instruction; the result, once there is one.
    private @Nullable Object step(int code) {
        switch (code) {
            case 0x80 -> in.get(); // PROTO
            case 0x95 -> in.getLong(); // FRAME
            case '(' -> stack.add(Special.MARK);
            case 'N' -> stack.add(Special.NONE);
            case 0x88 -> stack.add(true);
            case 0x89 -> stack.add(false);
            case 'J' -> stack.add((long) in.getInt());
            case 'K' -> stack.add((long) (in.get() & 0xff));
            case 'M' -> stack.add((long) (in.getShort() & 0xffff));
            case 0x8a -> stack.add(longOf(in.get() & 0xff));
            case 'G' -> stack.add(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
            case 'X' -> stack.add(text(in.getInt()));
            case 0x8c -> stack.add(text(in.get() & 0xff));
            case ')' -> stack.add(List.of());
            case ']' -> stack.add(new ArrayList<>());
            case '}' -> stack.add(new LinkedHashMap<>());
            case 't' -> stack.add(sinceMark());
            case 0x85 -> stack.add(last(1));
            case 0x86 -> stack.add(last(2));
            case 0x87 -> stack.add(last(3));
            case 'a' -> append(last(1));
            case 'e' -> append(sinceMark());
            case 's' -> put(last(2));
            case 'u' -> put(sinceMark());
            case 'q' -> memo.put(in.get() & 0xff, peek());
            case 'r' -> memo.put(in.getInt(), peek());
            case 0x94 -> memo.put(memo.size(), peek());
            case 'h' -> stack.add(recalled(in.get() & 0xff));
            case 'j' -> stack.add(recalled(in.getInt()));
            case '0' -> pop(Object.class);
            case 'c' -> stack.add(new Global(line() + "." + line()));
            case 0x93 -> {
                String name = pop(String.class);
                stack.add(new Global(pop(String.class) + "." + name));
            }
            case 'Q' -> stack.add(calls.call(PERSISTENT, pop(List.class)));
            case 'R', 0x81 -> { // REDUCE, NEWOBJ
                List<?> arguments = pop(List.class);
                stack.add(calls.call(pop(Global.class).name(), arguments));
            }
            case 'b' -> {
                // What is set on a dictionary of tensors are notes on versions.
                pop(Object.class);
                if (!(peek() instanceof Map)) {
                    throw new IllegalArgumentException("its pickle changes an object");
                }
            }
            case '.' -> {
                return pop(Object.class);
            }
            default ->
                    throw new IllegalArgumentException(
                            "its pickle has the instruction 0x%02x, which no state_dict needs"
                                    .formatted(code));
        }
        return null;
    }

    private Object peek() {
        if (stack.isEmpty()) {
            throw new IllegalArgumentException("its pickle takes more than there is");
        }
        return stack.getLast();
    }

    private <T> T pop(Class<T> type) {
        Object top = peek();
        if (!type.isInstance(top)) {
            throw new IllegalArgumentException(
                    "its pickle has a " + kind(top) + " where a " + kind(type) + " belongs");
        }
        stack.removeLast();
        return type.cast(top);
    }

    private static String kind(Object value) {
        return (value instanceof Class<?> type ? type : value.getClass()).getSimpleName();
    }

    private List<Object> last(int count) {
        if (stack.size() < count) {
            throw new IllegalArgumentException("its pickle takes more than there is");
        }
        List<Object> top = stack.subList(stack.size() - count, stack.size());
        List<Object> copy = List.copyOf(top);
        top.clear();
        return copy;
    }

    private List<Object> sinceMark() {
        int mark = stack.lastIndexOf(Special.MARK);
        if (mark < 0) {
            throw new IllegalArgumentException("its pickle takes more than there is");
        }
        List<Object> items = last(stack.size() - mark - 1);
        stack.removeLast();
        return items;
    }

    @SuppressWarnings("unchecked")
    private void append(List<Object> items) {
        if (!(peek() instanceof ArrayList<?> list)) {
            throw new IllegalArgumentException("its pickle appends to a " + kind(peek()));
        }
        ((ArrayList<Object>) list).addAll(items);
    }

    @SuppressWarnings("unchecked")
    private void put(List<Object> items) {
        if (!(peek() instanceof LinkedHashMap<?, ?> map) || items.size() % 2 != 0) {
            throw new IllegalArgumentException("its pickle puts items into a " + kind(peek()));
        }
        for (int i = 0; i < items.size(); i += 2) {
            Object key = items.get(i);
            // Others could be cyclic, which a hash does not survive.
            if (!(key instanceof String || key instanceof Long)) {
                throw new IllegalArgumentException("its pickle has a " + kind(key) + " as a key");
            }
            ((LinkedHashMap<Object, Object>) map).put(key, items.get(i + 1));
        }
    }

    private Object recalled(int place) {
        Object value = memo.get(place);
        if (value == null) {
            throw new IllegalArgumentException("its pickle recalls what it never kept");
        }
        return value;
    }

    private String text(int length) {
        return new String(take(length), StandardCharsets.UTF_8);
    }

    private byte[] take(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new IllegalArgumentException("its pickle is cut off");
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    private Long longOf(int length) {
        byte[] bytes = take(length);
        return length == 0 ? 0 : new BigInteger(reversed(bytes)).longValueExact();
    }

    private static byte[] reversed(byte[] bytes) {
        byte[] turned = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            turned[i] = bytes[bytes.length - 1 - i];
        }
        return turned;
    }

    private String line() {
        StringBuilder line = new StringBuilder();
        for (char c = (char) (in.get() & 0xff); c != '\n'; c = (char) (in.get() & 0xff)) {
            line.append(c);
        }
        return line.toString();
    }
}
