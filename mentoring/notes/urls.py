from django.urls import path

from mentoring.notes import views

app_name = "notes"
urlpatterns = [
    path("sessions/<uuid:pk>/agenda/", views.agenda_item_add, name="agenda-item-add"),
    path("agenda/<uuid:pk>/take-back/", views.agenda_item_take_back, name="agenda-item-take-back"),
    path("sessions/<uuid:pk>/commitments/", views.commitment_make, name="commitment-make"),
    path("commitments/<uuid:pk>/finish/", views.commitment_finish, name="commitment-finish"),
    path("commitments/<uuid:pk>/drop/", views.commitment_drop, name="commitment-drop"),
    path("commitments/<uuid:pk>/reopen/", views.commitment_reopen, name="commitment-reopen"),
    path("sessions/<uuid:pk>/shared-note/", views.shared_note_save, name="shared-note-save"),
    path("sessions/<uuid:pk>/private-note/", views.private_note_save, name="private-note-save"),
]
