#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: a scheduler and a database that are chosen when the program starts, not when it is compiled.
//
// A controller is a template over its models. Where a flag chooses one of several, a model that forwards to any other
// costs one virtual call and lets the controller be compiled once.

#include <headgate/concepts/database.hpp>
#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/scheduler.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace headgate::example {

class any_scheduler {
public:
    template <headgate::scheduler Model>
    explicit any_scheduler(std::unique_ptr<Model> model) : to_(std::make_unique<bound<Model>>(std::move(model))) {}

    std::uint32_t worker_slots() { return to_->worker_slots(); }
    void start_workers(const request<headgate::start_workers>& r, auto done) { to_->take(r, {done}); }
    void stop_workers(const request<headgate::stop_workers>& r, auto done) { to_->take(r, {done}); }
    void workers(const request<list_workers>& r, auto done) { to_->take(r, {done}); }
    void watch(const request<watch_workers>& r, auto done) { to_->take(r, {done}); }

private:
    struct interface {
        virtual ~interface() = default;
        virtual std::uint32_t worker_slots() = 0;
        virtual void take(const request<headgate::start_workers>&, held_completion<headgate::start_workers>) = 0;
        virtual void take(const request<headgate::stop_workers>&, held_completion<headgate::stop_workers>) = 0;
        virtual void take(const request<list_workers>&, held_completion<list_workers>) = 0;
        virtual void take(const request<watch_workers>&, held_completion<watch_workers>) = 0;
    };

    template <class Model>
    struct bound final : interface {
        explicit bound(std::unique_ptr<Model> given) : model(std::move(given)) {}

        std::uint32_t worker_slots() override { return model->worker_slots(); }
        void take(const request<headgate::start_workers>& r, held_completion<headgate::start_workers> done) override {
            model->start_workers(r, done);
        }
        void take(const request<headgate::stop_workers>& r, held_completion<headgate::stop_workers> done) override {
            model->stop_workers(r, done);
        }
        void take(const request<list_workers>& r, held_completion<list_workers> done) override {
            model->workers(r, done);
        }
        void take(const request<watch_workers>& r, held_completion<watch_workers> done) override {
            model->watch(r, done);
        }

        std::unique_ptr<Model> model;
    };

    std::unique_ptr<interface> to_;
};

static_assert(headgate::scheduler<any_scheduler>);

class any_database {
public:
    template <headgate::database Model>
    explicit any_database(std::unique_ptr<Model> model) : to_(std::make_unique<bound<Model>>(std::move(model))) {}

    void claim(const request<headgate::claim>& r, auto done) { to_->take(r, {done}); }
    void store(const request<store_row>& r, auto done) { to_->take(r, {done}); }
    void write_checkpoint(const request<headgate::write_checkpoint>& r, auto done) { to_->take(r, {done}); }
    void put_wish(const request<headgate::put_wish>& r, auto done) { to_->take(r, {done}); }
    void tell(const request<headgate::tell>& r, auto done) { to_->take(r, {done}); }
    void advance_lease(const request<headgate::advance_lease>& r, auto done) { to_->take(r, {done}); }
    void watch(const request<watch_jobs>& r, auto done) { to_->take(r, {done}); }
    void read_log(const request<headgate::read_log>& r, auto done) { to_->take(r, {done}); }

private:
    struct interface {
        virtual ~interface() = default;
        virtual void take(const request<headgate::claim>&, held_completion<headgate::claim>) = 0;
        virtual void take(const request<store_row>&, held_completion<store_row>) = 0;
        virtual void take(const request<headgate::write_checkpoint>&, held_completion<headgate::write_checkpoint>) = 0;
        virtual void take(const request<headgate::put_wish>&, held_completion<headgate::put_wish>) = 0;
        virtual void take(const request<headgate::tell>&, held_completion<headgate::tell>) = 0;
        virtual void take(const request<headgate::advance_lease>&, held_completion<headgate::advance_lease>) = 0;
        virtual void take(const request<watch_jobs>&, held_completion<watch_jobs>) = 0;
        virtual void take(const request<headgate::read_log>&, held_completion<headgate::read_log>) = 0;
    };

    template <class Model>
    struct bound final : interface {
        explicit bound(std::unique_ptr<Model> given) : model(std::move(given)) {}

        void take(const request<headgate::claim>& r, held_completion<headgate::claim> done) override {
            model->claim(r, done);
        }
        void take(const request<store_row>& r, held_completion<store_row> done) override { model->store(r, done); }
        void take(const request<headgate::write_checkpoint>& r,
                  held_completion<headgate::write_checkpoint> done) override {
            model->write_checkpoint(r, done);
        }
        void take(const request<headgate::put_wish>& r, held_completion<headgate::put_wish> done) override {
            model->put_wish(r, done);
        }
        void take(const request<headgate::tell>& r, held_completion<headgate::tell> done) override {
            model->tell(r, done);
        }
        void take(const request<headgate::advance_lease>& r, held_completion<headgate::advance_lease> done) override {
            model->advance_lease(r, done);
        }
        void take(const request<watch_jobs>& r, held_completion<watch_jobs> done) override { model->watch(r, done); }
        void take(const request<headgate::read_log>& r, held_completion<headgate::read_log> done) override {
            model->read_log(r, done);
        }

        std::unique_ptr<Model> model;
    };

    std::unique_ptr<interface> to_;
};

static_assert(headgate::database<any_database>);

}  // namespace headgate::example
