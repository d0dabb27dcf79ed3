// Dense convolutions by oneDNN 2.2, as stock Jittor's, with what can be kept from call to call kept: the chosen
// algorithm, and the memory for tensors in oneDNN's own layout. Fresh memory for them costs a tenth of the time.
#pragma once
#include <dnnl.hpp>
#include <map>
#include <memory>

namespace kernels {

struct Convolution {
    long images, inputs, height, width, outputs, out_height, out_width, taps_down, taps_across;
    long stride_down, stride_across, padding_down, padding_across, dilation_down, dilation_across;

    dnnl::memory::dims image() const { return {images, inputs, height, width}; }
    dnnl::memory::dims weight() const { return {outputs, inputs, taps_down, taps_across}; }
    dnnl::memory::dims result() const { return {images, outputs, out_height, out_width}; }
    dnnl::memory::dims strides() const { return {stride_down, stride_across}; }
    dnnl::memory::dims padding() const { return {padding_down, padding_across}; }
    // oneDNN counts the gaps between taps.
    dnnl::memory::dims dilation() const { return {dilation_down - 1, dilation_across - 1}; }

    std::vector<long> key() const {
        return {images, inputs, height, width, outputs, out_height, out_width, taps_down, taps_across, stride_down,
            stride_across, padding_down, padding_across, dilation_down, dilation_across};
    }
};

inline dnnl::memory::desc layout(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
    return {dims, dnnl::memory::data_type::f32, tag};
}

inline dnnl::engine& processor() {
    static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

// A tensor in (N, C, H, W) or (O, I, KH, KW), and the same one in the layout that a primitive wants.
class Reordered {
public:
    enum Slot { FIRST, SECOND, RESULT };

    Reordered(const float* values, const dnnl::memory::dims& dims, Slot slot)
        : plain(layout(dims, dnnl::memory::format_tag::abcd), processor(), const_cast<float*>(values)), own(plain),
          slot(slot) {}

    Reordered(const float* values, const dnnl::memory::dims& dims, const dnnl::memory::desc& wanted, Slot slot)
        : Reordered(values, dims, slot) {
        take(wanted);
    }

    // Has the values in this layout; nothing happens if they are.
    void in(const dnnl::memory::desc& wanted, dnnl::stream& stream) {
        if (own.get_desc() == wanted) return;
        take(wanted);
        to_own(stream);
    }

    void to_own(dnnl::stream& stream) {
        if (differ()) dnnl::reorder(plain, own).execute(stream, plain, own);
    }

    void to_plain(dnnl::stream& stream) {
        if (differ()) dnnl::reorder(own, plain).execute(stream, own, plain);
    }

    dnnl::memory plain, own;

private:
    bool differ() const { return own.get_desc() != plain.get_desc(); }

    void take(const dnnl::memory::desc& wanted) {
        own = plain;
        if (wanted == plain.get_desc()) return;
        static std::vector<float> rooms[3];
        auto& room = rooms[slot];
        const size_t needed = wanted.get_size() / sizeof(float) + 16;
        if (room.size() < needed) room.resize(needed);
        const auto address = reinterpret_cast<size_t>(room.data());
        own = dnnl::memory(wanted, processor(), room.data() + (64 - address % 64) % 64 / sizeof(float));
    }

    Slot slot;
};

inline dnnl::convolution_forward::primitive_desc forward_description(const Convolution& c) {
    const auto any = dnnl::memory::format_tag::any;
    return {{dnnl::prop_kind::forward, dnnl::algorithm::convolution_direct, layout(c.image(), any),
                layout(c.weight(), any), layout(c.result(), any), c.strides(), c.dilation(), c.padding(), c.padding()},
        processor()};
}

// A primitive and its description, made once for each convolution.
template <class Primitive>
class Known {
public:
    using Description = typename Primitive::primitive_desc;

    // `make` gives the description of a convolution that is new.
    template <class Make>
    const std::pair<Description, Primitive>& operator()(const Convolution& convolution, const Make& make) {
        auto& found = known[convolution.key()];
        if (!found) {
            const Description description = make();
            found = std::make_shared<std::pair<Description, Primitive>>(description, Primitive(description));
        }
        return *found;
    }

private:
    std::map<std::vector<long>, std::shared_ptr<std::pair<Description, Primitive>>> known;
};

template <class Primitive>
inline typename Primitive::primitive_desc backward_description(const Convolution& c) {
    const auto any = dnnl::memory::format_tag::any;
    return {{dnnl::algorithm::convolution_direct, layout(c.image(), any), layout(c.weight(), any),
                layout(c.result(), any), c.strides(), c.dilation(), c.padding(), c.padding()},
        processor(), forward_description(c)};
}

// dx (images, inputs, height, width) from weight and dy, which may be in oneDNN's layout already.
inline void dense_by_x(const float* weight, Reordered& dy, float* dx, const Convolution& c, dnnl::stream& stream) {
    static Known<dnnl::convolution_backward_data> known;
    const auto& found = known(c, [&] { return backward_description<dnnl::convolution_backward_data>(c); });
    Reordered weights(weight, c.weight(), found.first.weights_desc(), Reordered::FIRST);
    Reordered result(dx, c.image(), found.first.diff_src_desc(), Reordered::RESULT);
    weights.to_own(stream);
    dy.in(found.first.diff_dst_desc(), stream);
    found.second.execute(stream,
        {{DNNL_ARG_WEIGHTS, weights.own}, {DNNL_ARG_DIFF_DST, dy.own}, {DNNL_ARG_DIFF_SRC, result.own}});
    result.to_plain(stream);
}

// dw (outputs, inputs, taps, taps) from x and dy, which may be in oneDNN's layout already.
inline void dense_by_weight(const float* x, Reordered& dy, float* dw, const Convolution& c, dnnl::stream& stream) {
    static Known<dnnl::convolution_backward_weights> known;
    const auto& found = known(c, [&] { return backward_description<dnnl::convolution_backward_weights>(c); });
    Reordered image(x, c.image(), found.first.src_desc(), Reordered::FIRST);
    Reordered result(dw, c.weight(), found.first.diff_weights_desc(), Reordered::RESULT);
    image.to_own(stream);
    dy.in(found.first.diff_dst_desc(), stream);
    found.second.execute(
        stream, {{DNNL_ARG_SRC, image.own}, {DNNL_ARG_DIFF_DST, dy.own}, {DNNL_ARG_DIFF_WEIGHTS, result.own}});
    result.to_plain(stream);
}

inline void dense_by_x(const float* weight, const float* dy, float* dx, const Convolution& c) {
    dnnl::stream stream(processor());
    Reordered given(dy, c.result(), Reordered::SECOND);
    dense_by_x(weight, given, dx, c, stream);
    stream.wait();
}

inline void dense_backward(
    const float* x, const float* weight, const float* dy, float* dx, float* dw, const Convolution& c) {
    dnnl::stream stream(processor());
    Reordered given(dy, c.result(), Reordered::SECOND);
    dense_by_weight(x, given, dw, c, stream);
    dense_by_x(weight, given, dx, c, stream);
    stream.wait();
}

}  // namespace kernels
